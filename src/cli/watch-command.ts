import { relative, resolve } from 'node:path';
import pc from 'picocolors';
import type { IndexReport } from '../collection/index.ts';
import { changesUnder } from '../ingest/index.ts';
import { fromHere, type IndexCommandOptions, readPaths, remembered } from './index-command.ts';
import { openHere } from './opening.ts';
import { duration, number, plural, print, printable, say } from './output.ts';

/**
 * `sagitta watch`: indexes, and again whenever something changes under the paths, until it is interrupted. Writers take turns:
 * the write lock is held only while something is read in.
 */
export async function watchCommand(paths: string[], options: IndexCommandOptions, signal: AbortSignal): Promise<void> {
  const watched = paths.length === 0 ? remembered(options, signal).flatMap((run) => run.paths) : paths;
  await using collection = await openHere(options.in, {
    create: true,
    ...(options.encoder === undefined ? {} : { encoder: options.encoder }),
  });
  const tell = (report: IndexReport): void => {
    if (options.json) print(JSON.stringify(report));
    else if (report.added + report.updated + report.moved + report.removed + report.failures.length > 0)
      print(line(report));
    if (!options.json)
      for (const { path, reason } of report.failures) say(`${pc.yellow('failed')} ${printable(`${path}: ${reason}`)}`);
  };
  tell(await readPaths(collection, paths, options, signal));
  if (!options.json) say(pc.dim(`watching ${watched.map(fromHere).join(', ')}; Ctrl+C ends it`));
  // What the collection itself writes is no change.
  const own = watched
    .map((path) => relative(resolve(path), resolve(options.in)))
    .filter((path) => path !== '' && !path.startsWith('..'));
  const counts = (path: string): boolean => !own.some((folder) => path === folder || path.startsWith(`${folder}/`));
  let warned = false;
  for await (const { unwatched } of changesUnder(watched, { signal, counts })) {
    if (unwatched.length > 0 && !warned) {
      warned = true;
      say(`${unwatched.join(', ')} cannot be watched and is looked at from time to time.`);
    }
    tell(await readPaths(collection, paths, options, signal));
  }
}

function line({ added, updated, moved, removed, failures, documents, tookMs }: IndexReport): string {
  const changes = Object.entries({ added, updated, moved, removed, failed: failures.length }).filter(
    ([, count]) => count > 0,
  );
  const what = changes.map(([name, count]) => `${number(count)} ${name}`).join(', ');
  return `${what} in ${duration(tookMs)}; ${plural(documents, 'document')}`;
}
