import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pc from 'picocolors';
import { InvalidArgumentError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Collection } from '../collection/index.ts';
import { FORMAT, type StaticManifest, type StaticPassage, shardOf, wordsOf } from '../element/index.ts';
import { locate } from '../encode/lanes/packaged.ts';
import { exportFolder } from './export-folder.ts';
import { type ExportedPassage, writeMeaning } from './export-meaning.ts';
import { openHere } from './opening.ts';
import { bytes, plural, print, printJson, say } from './output.ts';
import { checkOutputFolder } from './outputs.ts';

export interface ExportOptions {
  readonly in: string;
  readonly json: boolean;
  /** The folder that an index is written into. */
  readonly static?: string;
  /** The folder that a page is written into, which needs no collection. */
  readonly offline?: string;
  /** Address of a document: `{id}`, and `{stem}` for the id without the ending of its name. */
  readonly url: string;
  /** Whether the page may search by meaning too. Default true. */
  readonly meaning?: boolean;
}

/** Passages of one file of texts. */
const BLOCK = 32;
/** BM25 of a passage, whose title and headings count more than its text. */
const K1 = 0.9;
const B = 0.4;
const WEIGHTS = { title: 2.5, headings: 1.5, text: 1 };

/** `sagitta export --static DIR`: an index that `<sagitta-search src="DIR">` searches in a page, without a server; or `--offline DIR`. */
export async function exportCommand(options: ExportOptions): Promise<void> {
  const { in: directory, json, static: folder, offline, url, meaning = true } = options;
  if (offline !== undefined && folder === undefined) {
    await checkOutputFolder(offline, '--offline');
    return (await import('./export-offline.ts')).exportOffline(offline, json);
  }
  if (folder === undefined || offline !== undefined) {
    throw new InvalidArgumentError(
      folder === undefined ? 'It is not said what to write.' : 'An index and a page are two exports.',
      'Give --static DIR, or --offline DIR.',
    );
  }
  if (!/\{(id|stem)\}/.test(url)) {
    throw new InvalidArgumentError(`"${url}" is the same address for all documents.`, 'Write {id} or {stem} into it.');
  }
  await checkOutputFolder(folder, '--static');
  await using collection = await openHere(directory);
  const out = await exportFolder(folder, OWN);
  const passages = await passagesOf(collection, url);
  const written = await writeIndex(out, passages, meaning);
  const script = locate(
    import.meta.url,
    './element/sagitta-search.js',
    '../element/sagitta-search.js',
    '../../dist/element/sagitta-search.js',
  );
  if (script !== undefined && existsSync(script)) await copyFile(fileURLToPath(script), join(out, 'sagitta-search.js'));
  if (json) return printJson({ passages: passages.length, ...written });
  if (meaning && !written.meaning) {
    say('Words alone: no document is in a language of the encoder `static`.');
  }
  print(
    `${pc.green('exported')} ${plural(passages.length, 'passage')} into ${folder}: ${plural(written.files, 'file')}, ${bytes(written.bytes)}`,
  );
  say('In a page: <script src="sagitta-search.js" defer></script> <sagitta-search src="."></sagitta-search>');
}

/** What an export writes. */
const OWN = ['index.json', 'words', 'texts', 'meaning', 'sagitta-search.js'];

async function passagesOf(collection: Collection, url: string): Promise<ExportedPassage[]> {
  return collection.read(async (corpus) => {
    const passages: ExportedPassage[] = [];
    for await (const { record, from, to } of corpus.all()) {
      const { id, title, language, metadata } = record;
      const address = typeof metadata['url'] === 'string' ? metadata['url'] : addressOf(url, id);
      for (const { headings, text } of await corpus.passages(Array.from({ length: to - from }, (_, i) => from + i))) {
        passages.push({ id, url: address, title: title || id, headings, text, language });
      }
    }
    return passages;
  });
}

function addressOf(template: string, id: string): string {
  const encode = (text: string): string =>
    text
      .split('/')
      .map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd')))
      .join('/');
  return template
    .replaceAll('{id}', () => encode(id))
    .replaceAll('{stem}', () => encode(id.replace(/(?<=[^/])\.[^./]*$/, '')));
}

async function writeIndex(
  out: string,
  passages: readonly ExportedPassage[],
  withMeaning: boolean,
): Promise<{ files: number; bytes: number; meaning: boolean }> {
  const shards = new Map<string, Map<string, number[]>>();
  const counted = passages.map(countWords);
  const average = counted.reduce((sum, { length }) => sum + length, 0) / Math.max(1, counted.length);
  counted.forEach(({ words, length }, passage) => {
    for (const [word, frequency] of words) {
      const impact = (frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * length) / average));
      const name = shardOf(word);
      const shard = shards.get(name) ?? new Map<string, number[]>();
      shards.set(name, shard);
      const postings = shard.get(word);
      if (postings === undefined) shard.set(word, [passage, Math.round(100 * impact)]);
      else postings.push(passage, Math.round(100 * impact));
    }
  });
  let [files, size] = [0, 0];
  const write = async (name: string, value: unknown): Promise<void> => {
    const text = JSON.stringify(value);
    await writeFile(join(out, name), text);
    files++;
    size += Buffer.byteLength(text);
  };
  await rm(join(out, 'meaning'), { recursive: true, force: true });
  for (const folder of ['words', 'texts', 'meaning/words', 'meaning/passages']) {
    await mkdir(join(out, folder), { recursive: true });
  }
  for (const [name, words] of shards) await write(`words/${name}.json`, Object.fromEntries(words));
  for (let at = 0; at < passages.length; at += BLOCK)
    await write(`texts/${at / BLOCK}.json`, passages.slice(at, at + BLOCK).map(textOf));
  const vocabulary = new Set([...shards.values()].flatMap((words) => [...words.keys()]));
  const meaning = withMeaning ? await writeMeaning(passages, vocabulary, write) : undefined;
  // Last, so that what it names is there.
  const manifest: StaticManifest = {
    format: FORMAT,
    passages: passages.length,
    documents: lengthsOf(passages),
    block: BLOCK,
    shards: [...shards.keys()].sort(),
    ...given({ meaning }),
  };
  await write('index.json', manifest);
  return { files, bytes: size, meaning: meaning !== undefined };
}

/** How many passages each document has. */
function lengthsOf(passages: readonly ExportedPassage[]): number[] {
  const lengths: number[] = [];
  passages.forEach(({ id }, i) => {
    if (id === passages[i - 1]?.id) lengths[lengths.length - 1]!++;
    else lengths.push(1);
  });
  return lengths;
}

function textOf({ language: _, ...passage }: ExportedPassage): StaticPassage {
  return passage;
}

function countWords({ title, headings, text }: StaticPassage): { words: Map<string, number>; length: number } {
  const words = new Map<string, number>();
  let length = 0;
  for (const [part, weight] of [
    [title, WEIGHTS.title],
    [headings.join('\n'), WEIGHTS.headings],
    [text, WEIGHTS.text],
  ] as const) {
    for (const { word } of wordsOf(part)) {
      words.set(word, (words.get(word) ?? 0) + weight);
      if (part === text) length++;
    }
  }
  return { words, length };
}
