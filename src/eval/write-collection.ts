import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidArgumentError } from '../base/errors.ts';
import { onDisk } from '../store/local/filesystem.ts';
import type { TestDocument } from './corpus.ts';
import type { Judgements } from './types.ts';

/** What a test collection is made of. */
export interface CollectionContent {
  readonly documents: AsyncIterable<TestDocument>;
  readonly queries: ReadonlyMap<string, string>;
  readonly judgements: Judgements;
}

/**
 * Writes a test collection in BEIR's layout, with `SHA256SUMS`, which `openTestCollection` checks. Documents are streamed.
 *
 * @param folder is made; it must be empty if it exists.
 * @returns the files. @throws InvalidArgumentError for a folder that holds something; StorageError when the disk refuses.
 */
export async function writeTestCollection(folder: string, content: CollectionContent): Promise<string[]> {
  checkEmpty(folder);
  const { queries, judgements } = content;
  async function* corpus(): AsyncGenerator<string> {
    for await (const { id, title, text } of content.documents) yield line({ _id: id, title, text });
  }
  function* grades(): Generator<string> {
    yield 'query-id\tcorpus-id\tscore\n';
    for (const [query, judged] of judgements) {
      for (const [id, grade] of judged) yield `${token(query)}\t${token(id)}\t${grade}\n`;
    }
  }
  const parts: readonly (readonly [string, AsyncIterable<string> | Iterable<string>])[] = [
    ['corpus.jsonl', corpus()],
    ['queries.jsonl', [...queries].map(([_id, text]) => line({ _id, text }))],
    ['qrels/test.tsv', grades()],
  ];
  const sums: string[] = [];
  for (const [name, lines] of parts) sums.push(`${await write(join(folder, name), lines)}  ${name}\n`);
  await write(join(folder, 'SHA256SUMS'), sums);
  return [...parts.map(([name]) => join(folder, name)), join(folder, 'SHA256SUMS')];
}

/** @throws InvalidArgumentError for a folder that holds something. */
export function checkEmpty(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  throw new InvalidArgumentError(`The folder ${folder} holds something already.`, 'Name an empty or a new folder.');
}

/** An id as it may stand between tabs. */
function token(id: string): string {
  if (!/[\t\r\n]/.test(id)) return id;
  throw new InvalidArgumentError(`The id ${JSON.stringify(id)} holds a tab or a line break.`, 'Rename it.');
}

function line(object: object): string {
  return `${JSON.stringify(object)}\n`;
}

/** Writes in blocks. @returns SHA-256. */
async function write(path: string, lines: AsyncIterable<string> | Iterable<string>): Promise<string> {
  const hash = createHash('sha256');
  await onDisk(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    try {
      let block: string[] = [];
      let length = 0;
      const flush = async (): Promise<void> => {
        const text = block.join('');
        hash.update(text);
        await file.writeFile(text);
        [block, length] = [[], 0];
      };
      for await (const one of lines) {
        block.push(one);
        length += one.length;
        if (length > 1 << 16) await flush();
      }
      await flush();
    } finally {
      await file.close();
    }
  });
  return hash.digest('hex');
}
