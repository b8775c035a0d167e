import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataFormatError } from '../base/errors.ts';
import { writeRun } from './runs.ts';
import { type Finding, Findings, type Run } from './types.ts';

/** What runs were made from; stands beside them as `runs.json`, since TREC's format has no room for it. */
export interface RunRecord {
  readonly collection: string;
  /** SHA-256 of corpus, queries and judgements together. */
  readonly fingerprint: string;
  /** SHA-256 of the judgements. */
  readonly qrels: string;
  readonly depth: number;
  readonly software: string;
  /** File names and the systems that made them. */
  readonly runs: Readonly<Record<string, string>>;
}

const RECORD = 'runs.json';

/** Writes one TREC run per system, `NAME.run`, and the record. @returns the paths of the runs. */
export async function saveRuns(
  folder: string,
  runs: ReadonlyMap<string, Run>,
  record: Omit<RunRecord, 'runs'>,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const names: Record<string, string> = {};
  for (const [name, run] of runs) {
    const file = `${name.replace(/[^\w.+-]+/g, '_')}.run`;
    await writeRun(join(folder, file), run, name.replace(/\s+/g, '_'));
    names[file] = name;
  }
  await writeFile(join(folder, RECORD), `${JSON.stringify({ ...record, runs: names }, null, 2)}\n`);
  return Object.keys(names).map((file) => join(folder, file));
}

/** The record of a run file, where there is one. @throws DataFormatError when it is damaged. */
export async function runRecord(path: string): Promise<RunRecord | undefined> {
  const file = join(dirname(path), RECORD);
  if (!existsSync(file)) return undefined;
  try {
    const record = JSON.parse(await readFile(file, 'utf8')) as RunRecord;
    return Object.hasOwn(record.runs, basename(path)) ? record : undefined;
  } catch (cause) {
    throw new DataFormatError(file, 'it is damaged', 'Delete it, or make the runs again.', { cause });
  }
}

/** What does not fit between a run's record and what it is judged by. */
export function checkRecord(
  path: string,
  record: RunRecord | undefined,
  now: { readonly qrels: string; readonly fingerprint?: string },
): readonly Finding[] {
  const findings = new Findings();
  if (record !== undefined && record.qrels !== now.qrels) {
    findings.add('collection-changed', `run made for other judgements of "${record.collection}" than these`, path);
  } else if (record !== undefined && now.fingerprint !== undefined && record.fingerprint !== now.fingerprint) {
    findings.add('collection-changed', `run made before the collection "${record.collection}" changed`, path);
  }
  return findings.list();
}
