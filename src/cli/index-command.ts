import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { relative } from 'node:path';
import pc from 'picocolors';
import { ExitCode, InvalidArgumentError, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import { hostExtensions } from '../collection/host-extensions.ts';
import {
  type Collection,
  type IndexOptions,
  type IndexReport,
  listPaths,
  type ReencodeCollectionReport,
  sourceRuns,
} from '../collection/index.ts';
import { DEFAULT_ENCODER, QUICK_ENCODER } from '../encode/index.ts';
import { type IngestFailure, isLeftOut, SkippedFiles, type SkippedGroup } from '../ingest/index.ts';
import { isPostgresAddress, openLocalStore, shownLocation } from '../store/index.ts';
import { describePending } from './fields-command.ts';
import { openHere } from './opening.ts';
import { bytes, duration, forTerminal, number, plural, print, printable, printJson, say } from './output.ts';
import { paged } from './pager.ts';
import { Progress } from './progress.ts';
import { printReencode, reencode } from './reencode-command.ts';
import { Exit } from './run.ts';
import { USUAL } from './where.ts';

export interface IndexCommandOptions {
  readonly in: string;
  readonly json: boolean;
  readonly encoder?: string;
  readonly include?: string[];
  readonly exclude?: string[];
  readonly ignore: boolean;
  readonly keep: boolean;
  readonly maxBytes?: number;
  readonly maxSeconds?: number;
  readonly maxMemory?: number;
  readonly maxText?: number;
  readonly language?: string;
  readonly passageWords?: number;
  /** Search with {@link QUICK_ENCODER} at once, then go on to `encoder`. */
  readonly quick: boolean;
  /** Another one than {@link QUICK_ENCODER}. */
  readonly quickEncoder?: string;
  readonly list: boolean;
  /** What is longer than the screen is shown in a pager. */
  readonly pager: boolean;
  readonly quiet: boolean;
}

/**
 * `sagitta index`: exit code 1 when some files failed, although everything else was indexed. A new collection in which
 * nothing came to lie is taken away again.
 */
export async function indexCommand(paths: string[], options: IndexCommandOptions, signal: AbortSignal): Promise<void> {
  if (options.list) return paged(options.pager && !options.json, () => list(paths, options, signal));
  const inDatabase = isPostgresAddress(options.in);
  if (inDatabase && options.quick) {
    throw new UnsupportedError(
      '--quick changes the encoder afterwards, which is not done in PostgreSQL yet.',
      'Leave --quick out, or index with --encoder static.',
    );
  }
  const fresh = !inDatabase && !existsSync(`${options.in}/manifest.json`);
  let documents = 0;
  try {
    documents = await index(paths, options, signal);
  } finally {
    if (fresh && documents === 0) await removeEmpty(options.in);
  }
}

/** Removes a collection without documents, holding its write lock: another process may just be filling it. */
async function removeEmpty(directory: string): Promise<void> {
  try {
    const store = await openLocalStore(directory);
    const writer = await store.writer();
    if ((await store.inspect()).documents === 0) await rm(directory, { recursive: true, force: true });
    else await writer.close();
  } catch {
    // Somebody else writes to it, or it is not there: either way it is not ours to take away.
  }
}

/** @returns how many documents the collection holds. */
async function index(paths: string[], options: IndexCommandOptions, signal: AbortSignal): Promise<number> {
  const { encoder, quick, quickEncoder = QUICK_ENCODER, json } = options;
  const exists = isPostgresAddress(options.in) || existsSync(`${options.in}/manifest.json`);
  const again = paths.length === 0 ? remembered(options, signal).flatMap((run) => run.paths) : [];
  if (again.length > 0) say(pc.dim(`reading again ${again.map((path) => fromHere(path)).join(', ')}`));
  const opened = quick ? (exists ? undefined : quickEncoder) : encoder;
  await using collection = await openHere(options.in, {
    create: true,
    ...(opened === undefined ? {} : { encoder: opened }),
    settings: {
      ...(options.language === undefined ? {} : { language: options.language }),
      ...(options.passageWords === undefined ? {} : { passageTokens: options.passageWords }),
    },
  });
  const target = quick ? await quickTarget(collection, encoder ?? DEFAULT_ENCODER, quickEncoder) : undefined;
  const report = await readPaths(collection, paths, options, signal);
  if (!json) {
    if (report.documents > 0 || report.removed > 0) printReport(report, shownLocation(options.in));
    else printFailures(report);
    if (!exists && report.documents > 0) printNext(options.in);
  }
  let moved: ReencodeCollectionReport | undefined;
  if (target !== undefined && report.documents > 0) {
    say(`${pc.green('searchable')} now, with ${quickEncoder}; what follows is better vectors, with ${target}.`);
    try {
      moved = await reencode(collection, target, options, signal);
    } catch (error) {
      if (json && signal.aborted) printJson(report);
      throw error;
    }
    if (!json) printReencode(moved);
  } else {
    const pending = await collection.pendingField();
    if (pending !== undefined) say(`The collection is ${describePending(pending, options.in)}`);
  }
  if (json) printJson({ ...report, ...(moved === undefined ? {} : { reencode: moved }) });
  if (report.failures.length > 0) throw new Exit(ExitCode.partial);
  if (report.documents === 0) {
    throw new NotFoundError(
      `There is nothing to index under ${[...paths, ...again].join(', ')}.`,
      'Name a folder with documents, tables, text or source files (--list says what would be read); --no-ignore reads ignored ones too.',
    );
  }
  return report.documents;
}

/**
 * The encoder that a collection is to get after it was indexed quickly; undefined when it has it already.
 * @throws InvalidArgumentError when it has an encoder that somebody chose.
 */
async function quickTarget(collection: Collection, target: string, quickEncoder: string): Promise<string | undefined> {
  const { encoder } = (await collection.inspect()).settings;
  if (encoder === target) return undefined;
  if (encoder === quickEncoder) return target;
  throw new InvalidArgumentError(
    `The collection in ${collection.directory} has the encoder "${encoder}", and --quick would replace it by "${target}".`,
    `Leave --quick out, or do that: \`sagitta reencode --encoder ${shellWord(target)}\`.`,
  );
}

/** Reads paths into a collection, with a line of progress. @param paths none: those that it remembers. */
export async function readPaths(
  collection: Collection,
  paths: string[],
  options: IndexCommandOptions,
  signal: AbortSignal,
): Promise<IndexReport> {
  const progress = new Progress(options.quiet || options.json);
  const start = performance.now();
  try {
    return await collection.index(paths.length === 0 ? undefined : paths, {
      ...scopeOptions(options, signal),
      onProgress: ({ phase, documents, passages, published, path }) =>
        progress.show(() => {
          const rate = passages / ((performance.now() - start) / 1000);
          const counts = `${number(documents)} documents, ${number(passages)} passages (${number(Math.round(rate))}/s), ${number(published)} saved`;
          return `${phase} ${counts}${path === undefined ? '' : `  ${printable(path)}`}`;
        }),
    });
  } finally {
    progress.done();
  }
}

function scopeOptions(options: IndexCommandOptions, signal: AbortSignal): IndexOptions {
  return {
    signal,
    prune: !options.keep,
    noIgnore: !options.ignore,
    ...(options.include === undefined ? {} : { include: options.include }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
    ...(options.maxSeconds === undefined ? {} : { maxSeconds: options.maxSeconds }),
    ...(options.maxMemory === undefined ? {} : { maxMemory: options.maxMemory }),
    ...(options.maxText === undefined ? {} : { maxText: options.maxText }),
  };
}

/** What a command without paths reads: the paths that the collection remembers, as they were chosen. @throws InvalidArgumentError where there are none. */
export function remembered(options: IndexCommandOptions, signal: AbortSignal): ReturnType<typeof sourceRuns> {
  if (isPostgresAddress(options.in) || !existsSync(`${options.in}/manifest.json`)) {
    throw new InvalidArgumentError('No path was given.', 'Name the files or folders to read: `sagitta index FOLDER`.');
  }
  return sourceRuns(options.in, scopeOptions(options, signal));
}

/** A path as one writes it from where one stands. */
export function fromHere(path: string): string {
  return relative('', path) || '.';
}

/** `sagitta index --list`: nothing is read but names, sizes and the beginnings of files without a known extension. */
async function list(paths: string[], options: IndexCommandOptions, signal: AbortSignal): Promise<void> {
  const files: { path: string; format: string; size: number }[] = [];
  const failures: IngestFailure[] = [];
  const skipped = new SkippedFiles();
  const runs = paths.length === 0 ? remembered(options, signal) : [{ paths, choice: {} }];
  const extensions = await hostExtensions();
  for (const { paths, choice } of runs) {
    for await (const event of listPaths(
      options.in,
      paths,
      { ...scopeOptions(options, signal), ...choice },
      extensions,
    )) {
      if (event.kind === 'file') {
        const { path, size } = event.file;
        files.push({ path, format: event.format, size });
        if (!options.json) print(`${event.format.padEnd(10)} ${bytes(size).padStart(9)}  ${forTerminal(path)}`);
      } else if (event.kind === 'failure') failures.push(event.failure);
      else skipped.add(event.skipped);
    }
  }
  if (options.json) printJson({ files, skipped: skipped.count, skippedFiles: skipped.groups(), failures });
  else {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    say(`${plural(files.length, 'file')} would be read, ${bytes(total)}.`);
    printSkipped(skipped.groups());
    printFailures({ failures, notes: [] });
  }
}

/** What files of an extension are skipped for. */
const REASONS: Readonly<Record<SkippedGroup['reason'], string>> = {
  binary: 'not text, and no format that is read',
  empty: 'without text',
  generated: 'made by machines for machines',
  image: 'images; text in them is read where `tesseract.js` and `@tesseract.js-data/eng` are installed',
  link: 'links that lead elsewhere',
  special: 'no regular files',
  ignored: 'that ignore files list, or in node_modules',
  hidden: 'hidden',
};
/** Groups of skipped files that are named. */
const MOST_GROUPS = 12;

function printSkipped(groups: readonly SkippedGroup[]): void {
  for (const { reason, extension, count, example } of groups.slice(0, MOST_GROUPS)) {
    if (isLeftOut(reason)) {
      say(
        pc.dim(`left out ${number(count)} ${REASONS[reason]}, such as ${printable(example)}; --no-ignore reads them`),
      );
      continue;
    }
    const what = extension === '' ? 'without extension' : `.${extension}`;
    say(pc.dim(`skipped ${number(count)} ${what} (${REASONS[reason]}), such as ${printable(example)}`));
  }
  const rest = groups.slice(MOST_GROUPS).reduce((sum, { count }) => sum + count, 0);
  if (rest > 0) say(pc.dim(`skipped ${number(rest)} others; --json names them all`));
}

function printReport(report: IndexReport, directory: string): void {
  const changes = (['added', 'updated', 'moved', 'removed', 'unchanged', 'skipped'] as const)
    .filter((name) => report[name] > 0 || name === 'added')
    .map((name) => {
      if (name === 'added') return `${plural(report.added, 'document')} added`;
      return name === 'skipped' ? `${plural(report.skipped, 'file')} skipped` : `${number(report[name])} ${name}`;
    });
  print(`${pc.green('indexed')}: ${changes.join(', ')}, in ${duration(report.tookMs)}`);
  print(
    `${directory} holds ${plural(report.documents, 'document')}, ${plural(report.passages, 'passage')}; ` +
      `peak memory ${bytes(process.resourceUsage().maxRSS * 1024)}`,
  );
  if (report.compaction !== undefined) {
    const { segmentsBefore, segmentsAfter } = report.compaction;
    print(`merged ${plural(segmentsBefore, 'segment')} into ${number(segmentsAfter)}`);
  }
  if (report.cut > 0) {
    print(
      `${plural(report.cut, 'passage is', 'passages are')} longer than the encoder reads; the rest is found by words alone`,
    );
  }
  if (report.unsearchable > 0) {
    print(`${plural(report.unsearchable, 'document holds', 'documents hold')} no word, so that no search finds them`);
  }
  printSkipped(report.skippedFiles);
  printFailures(report);
}

/** What to do with a collection that was just made. */
function printNext(directory: string): void {
  const where = directory === USUAL ? '' : ` --in ${shellWord(directory)}`;
  say(`next: sagitta search "..."${where}, or sagitta serve${where} for a page in the browser`);
}

/** Notes that are printed; JSON has them all. */
const MOST_NOTES = 20;

function printFailures(report: Pick<IndexReport, 'failures' | 'notes'>): void {
  for (const { path, where, note } of report.notes.slice(0, MOST_NOTES)) {
    say(`${pc.cyan('note')} ${printable(`${path}${where === undefined ? '' : ` (${where})`}: ${note}`)}`);
  }
  if (report.notes.length > MOST_NOTES)
    say(`and ${number(report.notes.length - MOST_NOTES)} more notes; --json has them all`);
  for (const { path, where, reason } of report.failures) {
    say(`${pc.yellow('failed')} ${printable(`${path}${where === undefined ? '' : ` (${where})`}: ${reason}`)}`);
  }
  if (report.failures.length > 0) {
    say(`${plural(report.failures.length, 'file or record', 'files or records')} could not be read.`);
  }
}
