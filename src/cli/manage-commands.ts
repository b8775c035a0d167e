import { text as textOf } from 'node:stream/consumers';
import pc from 'picocolors';
import { ExitCode, InvalidArgumentError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import { type Collection, type Source, verifyCollection } from '../collection/index.ts';
import { MEANING } from '../corpus/index.ts';
import type { FieldInfo, VectorIndexInfo } from '../store/index.ts';
import { smallSegments } from './coverage.ts';
import { describePending } from './fields-command.ts';
import { readNamed } from './named-file.ts';
import { openHere } from './opening.ts';
import { bytes, idOf, number, parseId, plural, print, printable, printJson, printText, say, table } from './output.ts';
import { paged } from './pager.ts';
import { Progress } from './progress.ts';
import { Exit } from './run.ts';
import { idFromHere, shownFromHere } from './where.ts';

export interface ManageOptions {
  readonly in: string;
  readonly json: boolean;
}

/** `sagitta get`: the document's text on stdout, as it was indexed. */
export async function getCommand(id: string, options: ManageOptions & { readonly pager: boolean }): Promise<void> {
  await using collection = await openHere(options.in);
  const document = await collection.document(await existing(collection, id, options.in));
  if (options.json) printJson(document);
  else await paged(options.pager, async () => printText(document.text.replace(/\n$/, '')));
}

/** The id itself where a document has it; else what it is as `search` prints it, or as a path from where one stands. */
async function existing(collection: Collection, id: string, directory: string): Promise<string> {
  const found = (name: string): Promise<boolean> =>
    collection.read(async (corpus) => (await corpus.find(name)) !== undefined);
  if (await found(id)) return id;
  for (const meant of [parseId(id), shownFromHere(directory, id)]) if (await found(meant)) return meant;
  return id;
}

export async function inspectCommand(options: ManageOptions): Promise<void> {
  await using collection = await openHere(options.in);
  const info = await collection.inspect();
  const sources = collection.sources();
  if (options.json) return printJson({ ...info, sources });
  print(`${pc.bold(info.directory)}  format ${info.formatVersion}, generation ${number(info.generation)}`);
  print(`${plural(info.documents, 'document')}, ${plural(info.passages, 'passage')}, ${bytes(info.bytes)}`);
  const { encoder, dim, bm25 } = info.settings;
  print(`encoder ${printable(encoder)}${dim > 0 ? ` (${dim} components)` : ''}, BM25 k1 ${bm25.k1} b ${bm25.b}`);
  if (info.vectorIndex !== undefined) print(describeIndex(info.vectorIndex, options.in));
  for (const field of info.fields) if (field.name !== MEANING) print(describeField(field));
  if (info.pending !== undefined) print(describePending(info.pending, options.in));
  if (sources.length > 0) print(`read from ${sources.map(describeSource).join('; ')}`);
  print();
  const rows = info.segments.map(({ name, bytes: size, documents, deadDocuments, passages, sections }) => [
    name,
    documents,
    deadDocuments,
    passages,
    bytes(size),
    sections
      .slice(0, 3)
      .map((section) => `${section.name} ${bytes(section.bytes)}`)
      .join(', '),
  ]);
  if (rows.length > 0) print(table(['segment', 'documents', 'dead', 'passages', 'size', 'largest sections'], rows));
}

function describeField({ name, kind, of, encoder, dim, vectors, full = 0, bytes: size }: FieldInfo): string {
  if (kind === 'impacts') {
    const clipped = full === 0 ? '' : ` (${number(full)} at the greatest value)`;
    return `field ${name} of ${of}: ${plural(vectors, 'impact')}${clipped} by ${encoder}, ${bytes(size)}`;
  }
  const what = kind === 'vector' ? plural(vectors, 'vector') : plural(vectors, 'token vector');
  return `field ${name} of ${of}: ${what} of ${dim} components by ${encoder}, ${bytes(size)}`;
}

function describeSource({ path, include = [], exclude = [], noIgnore, maxBytes }: Source): string {
  const choice = [
    ...include.map((pattern) => `--include ${shellWord(pattern)}`),
    ...exclude.map((pattern) => `--exclude ${shellWord(pattern)}`),
    ...(noIgnore === true ? ['--no-ignore'] : []),
    ...(maxBytes === undefined ? [] : [`--max-bytes ${maxBytes}`]),
  ];
  return printable([shellWord(path), ...choice].join(' '));
}

function describeIndex(info: VectorIndexInfo, directory: string): string {
  const { spec, search, indexed, bytes: size, drift } = info;
  const params = Object.entries(search).map(([name, value]) => `, ${name} ${value}`);
  const advice = drift < 1.5 ? '' : '; build it again with `sagitta rebuild`';
  return (
    `vectors ${spec}${params.join('')}: ${plural(indexed, 'vector')} in lists, ${bytes(size)}, ` +
    `drift ${drift.toFixed(2)}${advice}${smallSegments(info, directory)}`
  );
}

/** `sagitta verify`: exit code 0 only for a sound collection. */
export async function verifyCommand(options: ManageOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(options.json);
  const report = await verifyCollection(options.in, {
    signal,
    onProgress: (done, total) => progress.show(() => `verified ${bytes(done)} of ${bytes(total)}`),
  }).finally(() => progress.done());
  if (options.json) printJson(report);
  else if (report.sound) {
    print(
      `${pc.green('sound')} ${plural(report.filesChecked, 'file')}, ${bytes(report.bytesChecked)}, ` +
        `${plural(report.documents, 'document')}, ${plural(report.passages, 'passage')}`,
    );
  } else {
    for (const { file, problem } of report.faults) say(`${pc.red('fault')} ${printable(`${file}: ${problem}`)}`);
    say(`${plural(report.faults.length, 'fault')}. Index the sources again into a new collection (--in DIR).`);
  }
  if (!report.sound) throw new Exit(ExitCode.corrupt);
}

export async function compactCommand(options: ManageOptions & { full: boolean }, signal: AbortSignal): Promise<void> {
  const progress = new Progress(options.json);
  await using collection = await openHere(options.in);
  const report = await collection
    .compact({
      full: options.full,
      signal,
      onProgress: (done, total) => progress.show(() => `merged ${bytes(done)} of ${bytes(total)}`),
    })
    .finally(() => progress.done());
  if (options.json) return printJson(report);
  print(
    `${pc.green('compacted')} ${plural(report.segmentsBefore, 'segment')} (${bytes(report.bytesBefore)}) into ` +
      `${number(report.segmentsAfter)} (${bytes(report.bytesAfter)}), ${plural(report.documentsDropped, 'document')} dropped`,
  );
  if (report.encodersDropped > 0)
    print(`${plural(report.encodersDropped, 'trained encoder')} no longer in use, dropped`);
}

export interface RemoveOptions extends ManageOptions {
  /** A file of ids, `-` for stdin. */
  readonly from?: string;
}

/**
 * `sagitta remove`: ids, or path prefixes ending in `/`; of a file ids alone. Says which have no document; exit code 3 when none has one.
 */
export async function removeCommand(ids: string[], options: RemoveOptions): Promise<void> {
  const listed = options.from === undefined ? [] : await idsOfFile(options.from);
  if (ids.length === 0 && options.from === undefined) {
    throw new InvalidArgumentError('No document is named.', 'Give ids, or a file of ids with --from.');
  }
  await using collection = await openHere(options.in);
  const prefixes = ids.filter((id) => id.endsWith('/')).map((id) => idFromHere(options.in, id));
  const names = ids.filter((id) => !id.endsWith('/'));
  // What stands in a list is an id: as a path it might be that of another document.
  const exact = [...(await Promise.all(names.map((id) => existing(collection, id, options.in)))), ...listed];
  const folders = await Promise.all(prefixes.map((prefix) => collection.ids([prefix])));
  const under = [...new Set(folders.flat())];
  const missing = await collection.read(async (corpus) => {
    const found = await Promise.all(exact.map((id) => corpus.find(id)));
    return exact.filter((_, i) => found[i] === undefined);
  });
  const removed = await collection.remove([...exact, ...under]);
  const forgotten: string[] = [];
  for (const prefix of prefixes) for (const { path } of await collection.forgetSources(prefix)) forgotten.push(path);
  // One that nothing is read from any more was there after all.
  const empty = prefixes.filter(
    (prefix, i) =>
      folders[i]!.length === 0 && !forgotten.some((path) => `${path}/`.endsWith(`/${prefix}`) || `${path}/` === prefix),
  );
  if (options.json)
    printJson({ removed, missing: [...missing, ...empty], ...(forgotten.length === 0 ? {} : { forgotten }) });
  else print(`${pc.green('removed')} ${plural(removed, 'document')}`);
  if (forgotten.length > 0) say(`\`sagitta index\` without paths no longer reads ${forgotten.map(idOf).join(', ')}.`);
  if (missing.length > 0) {
    const shown = missing.slice(0, MOST_MISSING).map(idOf).join(', ');
    const more = missing.length > MOST_MISSING ? ` and ${number(missing.length - MOST_MISSING)} more` : '';
    say(`No document has the id ${shown}${more}.`);
  }
  if (empty.length > 0) say(`No document lies in ${empty.slice(0, MOST_MISSING).map(idOf).join(', ')}.`);
  if (removed === 0 && forgotten.length === 0) {
    say('Nothing was removed. `sagitta search --format jsonl` shows ids; a folder is written with a / at its end.');
    throw new Exit(ExitCode.notFound);
  }
}

/** Ids without a document that are named. */
const MOST_MISSING = 5;

/** The ids of a file, one a line, as they are or as JSON writes them: for those with line breaks, and as `search` prints these. */
async function idsOfFile(path: string): Promise<string[]> {
  const text =
    path === '-' ? await textOf(process.stdin) : (await readNamed(path, 'Name a file of ids.')).toString('utf8');
  return text.split(/\r?\n/).flatMap((line) => (line.trim() === '' ? [] : [parseId(line)]));
}

/** `sagitta synonyms`: takes a file of rules over, or prints those that there are. */
export async function synonymsCommand(
  file: string | undefined,
  options: ManageOptions & { readonly clear: boolean },
): Promise<void> {
  await using collection = await openHere(options.in);
  if (file === undefined && !options.clear) {
    const source = collection.synonyms();
    if (options.json) printJson({ source });
    else if (source === '') say('There are no synonyms. `sagitta synonyms FILE` takes those of a file over.');
    else printText(source.replace(/\n$/, ''));
    return;
  }
  const source = file && (await readNamed(file, 'Name a file of rules such as "car, automobile".')).toString('utf8');
  const rules = await collection.setSynonyms(source ?? '');
  if (options.json) printJson({ rules });
  else print(rules === 0 ? 'no synonyms' : `${plural(rules, 'rule')} of synonyms`);
}
