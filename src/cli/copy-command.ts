import pc from 'picocolors';
import { copyCollection } from '../collection/index.ts';
import { shownLocation } from '../store/index.ts';
import { number, plural, print, printJson } from './output.ts';
import { Progress } from './progress.ts';

/** `sagitta copy FROM TO` */
export async function copyCommand(
  from: string,
  to: string,
  options: { readonly json: boolean; readonly quiet: boolean },
  signal: AbortSignal,
): Promise<void> {
  const progress = new Progress(options.json || options.quiet);
  const report = await copyCollection(from, to, {
    signal,
    onProgress: (phase, done, total) => progress.show(() => `${phase} ${number(done)} of ${plural(total, 'document')}`),
  }).finally(() => progress.done());
  if (options.json) return printJson(report);
  const { copied, unchanged, documents, passages } = report;
  print(
    `${pc.green('copied')} ${plural(copied, 'document')}${unchanged === 0 ? '' : `, ${number(unchanged)} were there already`}; ` +
      `${shownLocation(to)} holds ${plural(documents, 'document')}, ${plural(passages, 'passage')}, all compared`,
  );
}
