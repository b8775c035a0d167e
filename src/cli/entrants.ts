import { basename } from 'node:path';
import { checkRecord, type Entrant, Findings, readRun, runRecord, type TestCollection } from '../eval/index.ts';

/** What runs are read against. */
export interface RunsOf {
  /** SHA-256 of the judgements. */
  readonly qrels: string;
  /** The collection whose documents they should hold, where it is known. */
  readonly test?: TestCollection;
}

/** Reads run files, with findings about what they were made from and what they hold. */
export async function readEntrants(paths: readonly string[], { qrels, test }: RunsOf): Promise<Entrant[]> {
  const entrants: Entrant[] = [];
  for (const path of paths) {
    const file = await readRun(path);
    const all = new Findings();
    all.addAll(file.findings);
    const now = { qrels, ...(test === undefined ? {} : { fingerprint: test.fingerprint }) };
    all.addAll(checkRecord(path, await runRecord(path), now));
    if (test !== undefined) {
      for (const [query, { ids }] of file.run) {
        for (const id of ids) {
          if (!test.documentIds.has(id))
            all.add('document-not-in-collection', 'results that the corpus does not hold', `${query} ${id}`);
        }
      }
    }
    entrants.push({ name: nameOf(path, file.tag, entrants), run: file.run, findings: all.list() });
  }
  return entrants;
}

/** The run's own tag, unless it is taken or there is none; then its file's name, with a number where that is taken too. */
function nameOf(path: string, tag: string | undefined, before: readonly Entrant[]): string {
  const taken = (name: string): boolean => before.some((entrant) => entrant.name === name);
  const file = basename(path).replace(/\.(run|txt|trec|jsonl)(\.gz)?$/i, '');
  const candidates = [...(tag === undefined ? [] : [tag]), file, path, `${path} (${before.length + 1})`];
  return candidates.find((name) => !taken(name))!;
}
