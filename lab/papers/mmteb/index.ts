import type { Embedded } from '../../datasets/embeddings.ts';
import type { Claim, Lab } from '../../grading/index.ts';
import { exactClaim } from '../../protocols/claims.ts';
import { grid } from '../../protocols/learning.ts';
import {
  bm25,
  comparePools,
  compareTasks,
  components,
  fused,
  hashed,
  letters,
  type TaskSource,
  words,
} from '../../protocols/systems.ts';

/** Lexical and dense systems of graded quality; the pool is of the best of one lexical and two dense ones. */
const systems = (embedded: Embedded) => [
  ...[64, 24].map((kept) => components(`${kept} components`, kept, embedded)),
  ...grid({ most: [10_000, 0, 15, 30, 80], stem: [true, false], k1: [0.9, 1.2, 2] }).map(({ most, stem, k1 }) =>
    bm25(`BM25, ${most} words, ${stem ? '' : 'no '}stems, k1 ${k1}`, words(stem), { k1, b: k1 > 1 ? 0.75 : 0.4 }, most),
  ),
  ...grid({ length: [3, 4, 5], most: [30, 80] }).map(({ length, most }) =>
    bm25(`BM25, ${length} letters, ${most} words`, letters(length), {}, most),
  ),
  ...[8, 12, 16, 32, 48, 96, 128, 192, 256, 384].map((kept) => components(`${kept} components`, kept, embedded)),
  ...[64, 128, 256, 1024].map(hashed),
];
const pools = (lab: Lab) => comparePools(lab, systems, [0, 1, 2], 10);

const english = (kind: string, ...names: string[]): TaskSource[] =>
  names.map((name) => ({ name, kind, language: 'en' }));
const TASKS: readonly TaskSource[] = [
  ...english('questions', 'clapnq_dev', 'hotpotqa_100', 'pubmedqa'),
  ...english('conversations', 'mtrag_un'),
  ...english('tools', 'gorilla_apibench', 'metatool'),
  ...english('captions', 'openclipart'),
  { name: 'emoji', kind: 'captions', language: 'en', queries: 'queries.en.jsonl' },
  { name: 'pquad', kind: 'questions', language: 'fa' },
  ...['ar', 'de', 'el', 'en', 'es', 'hi', 'ro', 'ru', 'th', 'tr', 'vi', 'zh'].map((language) => ({
    name: 'xquad',
    kind: 'questions',
    language,
    corpus: `corpus.${language}.jsonl`,
    queries: `queries.${language}.jsonl`,
  })),
  ...['de', 'es', 'fr', 'it'].map((language) => ({
    name: 'tuxpaint_stamps',
    kind: 'captions',
    language,
    queries: `queries.${language}.jsonl`,
  })),
];

const stems = bm25('BM25', words(true));
const [small, four] = [hashed(256), bm25('BM25, four letters', letters(4))];
const RANKED = [
  stems,
  bm25('BM25, k1 1.2, b 0.75', words(true), { k1: 1.2, b: 0.75 }),
  bm25('BM25, k1 2, b 1', words(true), { k1: 2, b: 1 }),
  bm25('BM25, no stems', words(false)),
  bm25('BM25, no stems, k1 2, b 1', words(false), { k1: 2, b: 1 }),
  bm25('BM25, 20 words', words(true), {}, 20),
  bm25('BM25, three letters', letters(3)),
  four,
  bm25('BM25, five letters', letters(5)),
  ...[32, 64, 128].map(hashed),
  small,
  hashed(1024),
  fused('BM25 with hashed words', [stems, small]),
  fused('BM25 with four letters', [stems, four]),
];
const tasks = (lab: Lab) => lab.once('mmteb', () => compareTasks(lab, TASKS, RANKED));

/** A claim about a value of data. */
const claim = (
  id: string,
  statement: string,
  [metric, atLeast]: readonly [string, number],
  check: (lab: Lab) => Promise<{
    value: number;
    units: number;
    seeds?: number;
    notes?: readonly string[];
    sources: Readonly<Record<string, string>>;
  }>,
): Claim =>
  exactClaim('data', {
    id,
    statement,
    check: async (lab) => ({ metric, atLeast, ...(await check(lab)) }),
  });

export const claims: readonly Claim[] = [
  claim(
    'order',
    'Fifty systems rank on a pool of depth 10 as on all documents: Spearman at least 0.9.',
    ['Spearman', 0.9],
    async (lab) => {
      const { pooled, systems: units, notes, sources } = await pools(lab);
      return { value: pooled.spearman, units, notes, sources };
    },
  ),
  claim(
    'inflation',
    'Random documents of the same number flatter all systems more than the pool does.',
    ['inflation of nDCG@10, random less pool', 0.001],
    async (lab) => {
      const { pooled, random, queries, draws, sources } = await pools(lab);
      return { value: random.inflation - pooled.inflation, units: queries, seeds: draws, sources };
    },
  ),
  claim(
    'tasks',
    'Tasks that half of the systems would keep rank the other half as all tasks do: Spearman at least 0.9, mean over many halves.',
    ['Spearman', 0.9],
    async (lab) => {
      const { chosen, units, seeds, notes, sources } = await tasks(lab);
      return { value: chosen, units, seeds, notes, sources };
    },
  ),
  claim(
    'tasks-random',
    'They rank the other half better than as many tasks drawn at random.',
    ['Spearman, less that of random tasks', 0.001],
    async (lab) => {
      const { chosen, drawn, units, seeds, sources } = await tasks(lab);
      return { value: chosen - drawn, units, seeds, sources };
    },
  ),
];
