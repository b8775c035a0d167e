import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { openThreads } from '../threads/index.ts';
import { smallSegments } from './coverage.ts';
import { openHere } from './opening.ts';
import { bytes, duration, plural, print, printJson } from './output.ts';
import { Progress } from './progress.ts';

export interface RebuildCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly field?: string;
  readonly spec?: string;
  readonly nprobe?: number;
  readonly refine?: number;
  readonly drop: boolean;
}

/** `sagitta rebuild`: searches of other processes go on meanwhile, with the index that was there before. */
export async function rebuildCommand(options: RebuildCommandOptions, signal: AbortSignal): Promise<void> {
  const { field, spec, nprobe, refine, drop } = options;
  if ((spec === undefined) === !drop) {
    throw new InvalidArgumentError(
      spec === undefined ? 'Neither --spec nor --drop is given.' : 'Both --spec and --drop are given.',
      'Name a specification (`sagitta plan` finds one), or drop the index.',
    );
  }
  await using collection = await openHere(options.in);
  const progress = new Progress(options.json);
  const start = performance.now();
  await using threads = await openThreads();
  const report = await collection
    .rebuild(
      spec === undefined
        ? given({ field })
        : {
            ...given({ field }),
            spec,
            search: given({ nprobe, refine }),
            threads,
            signal,
            onProgress: (phase, done) => progress.show(() => `${phase} ${Math.round(100 * done)} %`),
          },
    )
    .finally(() => progress.done());
  if (options.json) return printJson(report);
  if (report.spec === undefined) return print(`${pc.green('dropped')} vectors are scanned one by one again`);
  print(
    `${pc.green('rebuilt')} ${report.spec}: ${plural(report.indexed, 'vector')} in lists, ${bytes(report.bytes)} ` +
      `in ${duration(performance.now() - start)}${smallSegments(report, options.in)}`,
  );
}
