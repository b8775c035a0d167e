import type { Vectors } from '../../src/base/vectors.ts';
import { openEncoder } from '../../src/encode/index.ts';
import { memoryCorpus, rankCorpus } from '../../src/search/index.ts';
import { sourcesOf } from '../datasets/embeddings.ts';
import { needles } from '../datasets/needles.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Contestant, ExactClaim } from '../grading/types.ts';
import { comparison, exactClaim, type Said, type Sides } from './claims.ts';
import { keptEncoder } from './pipelines.ts';
import { rankingMetric, type Scores } from './rankings.ts';

/** Long documents, and questions that one of them answers. */
export interface LongTexts {
  /** Tells them apart. */
  readonly name: string;
  readonly documents: readonly string[];
  /** Texts by unit. */
  readonly queries: ReadonlyMap<string, string>;
  /** Row of the document that answers. */
  readonly answers: ReadonlyMap<string, number>;
  readonly sources: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** Tokens that the encoder of these claims reads of a text by itself. */
const READS = 256;

/** Pass keys and facts, each somewhere in one of a hundred texts of so many times what the encoder reads. */
export function hidden(lab: Lab, times: number): Promise<LongTexts> {
  return lab.once(`hidden ${times}`, () =>
    lab.withEncoder(async ({ window }) => {
      const { documents, queries, depth } = await needles(lab, times * READS, (text) => window!.count(text));
      const most = lab.pick(20, documents.length);
      const rowOf = (unit: string) => Number(unit.split(':')[1]);
      const chosen = new Map([...queries].filter(([unit]) => rowOf(unit) < most));
      return {
        name: `hidden ${times}`,
        documents: documents.slice(0, most),
        queries: chosen,
        answers: new Map([...chosen.keys()].map((unit) => [unit, rowOf(unit)])),
        sources: sourcesOf(await lab.collection('clapnq_dev')),
        notes: [
          `${documents.length} texts of ${times * READS} tokens; what is asked for stands at ${depth.toFixed(2)} of a text's length, on average.`,
        ],
      };
    }),
  );
}

/** Whole meetings, and questions about one of them. */
export function meetings(lab: Lab): Promise<LongTexts> {
  return lab.once('meetings', async () => {
    const collection = await lab.collection('qmsum', { corpus: 'meetings.jsonl', qrels: 'qrels-meetings.tsv' });
    const rows = new Map<string, number>();
    const documents: string[] = [];
    for await (const { id, text } of collection.documents()) {
      if (documents.length >= lab.pick(12, Number.POSITIVE_INFINITY)) break;
      rows.set(id, documents.length);
      documents.push(text);
    }
    const units = [...collection.queries.keys()].flatMap((unit): [string, number][] => {
      const [meeting] = [...collection.judgements.get(unit)!.keys()];
      return rows.has(meeting!) ? [[unit, rows.get(meeting!)!]] : [];
    });
    return {
      name: 'meetings',
      documents,
      queries: new Map(units.map(([unit]) => [unit, collection.queries.get(unit)!])),
      answers: new Map(units),
      sources: sourcesOf(collection),
      notes: [],
    };
  });
}

/** Who reads long texts: an encoder, one vector for each; or a pipeline over passages of the usual length, of which the best stands for its text. */
export interface LongSide {
  readonly name: string;
  /** Specifications of encoders that are tuned over, or a pipeline. */
  readonly by: readonly string[] | 'meaning' | 'hybrid';
}

/** A side by encoders. */
export function read(name: string, ...by: readonly string[]): LongSide {
  return { name, by };
}

/** Passages of the usual length by the lab's encoder, the best of a document counting; and with words. */
export const passages: LongSide = { name: 'the best passage of a document', by: 'meaning' };
export const hybridPassages: LongSide = { name: 'the same with words', by: 'hybrid' };

/** Documents that passages are searched for: what metrics look at. */
const DEPTH = 10;

/** What a claim about long texts says. */
export interface LongTextsClaim extends Said, Sides<LongSide> {
  readonly metric: 'success@1' | 'nDCG@10';
  readonly data: (lab: Lab) => Promise<LongTexts>;
}

/** A claim about which of some long texts is found first; nothing in it is random. */
export function longTextsClaim({ metric, data, ...claim }: LongTextsClaim): ComparativeClaim {
  return comparison<LongSide, LongSide, ReadonlySet<number>, Scores>(
    claim,
    metric,
    async (lab) => {
      const found = await data(lab);
      return {
        material: {
          truth: new Map([...found.answers].map(([unit, row]) => [unit, new Set([row])])),
          sources: found.sources,
          notes: found.notes,
          measure: rankingMetric(metric.toLowerCase()),
        },
        contestant: (side) => contestantOf(lab, found, side),
      };
    },
    [],
  );
}

function contestantOf(
  lab: Lab,
  { name: what, documents, queries }: LongTexts,
  { name, by }: LongSide,
): Contestant<ReadonlySet<number>, Scores> {
  const order = new Map([...queries.keys()].map((unit, row) => [unit, row]));
  if (typeof by === 'string') {
    return {
      name,
      configs: [{}],
      untunable: true,
      async fit() {
        const corpus = await lab.once(`passages of ${what}`, async () =>
          memoryCorpus(
            documents.map((text, row) => ({ id: String(row), text })),
            [
              { name: 'words', kind: 'terms' },
              { name: 'meaning', kind: 'vector', encoder: await keptEncoder(lab) },
            ],
          ),
        );
        return {
          async answer(unit) {
            const options = { pipeline: by, k: DEPTH, syntax: false };
            const { ids, scores } = await rankCorpus(corpus, queries.get(unit)!, options);
            const result = new Float32Array(documents.length).fill(Number.NEGATIVE_INFINITY);
            ids.forEach((id, rank) => {
              result[Number(id)] = scores[rank]!;
            });
            return result;
          },
        };
      },
    };
  }
  return {
    name,
    configs: by.map((encoder) => ({ encoder })),
    ...(by.length === 1 ? { untunable: true } : {}),
    async fit({ encoder }) {
      const spec = String(encoder);
      const rows = await vectorsBy(lab, spec, documents, 'document');
      const asked = await vectorsBy(lab, spec, [...queries.values()], 'query');
      return {
        answer(unit) {
          const query = asked.row(order.get(unit)!);
          return Float32Array.from(documents, (_, row) =>
            rows.row(row).reduce((sum, value, c) => sum + value * query[c]!, 0),
          );
        },
      };
    },
  };
}

/** Vectors by an encoder of one's choice, kept on disk. */
function vectorsBy(lab: Lab, spec: string, texts: readonly string[], role: 'query' | 'document'): Promise<Vectors> {
  return lab.using(spec).vectors(['long texts', role, ...texts], async () => {
    lab.say(`encoding ${texts.length} texts with ${spec}`);
    const encoder = await openEncoder(spec);
    try {
      return await encoder.encode(texts, { role, signal: lab.signal });
    } finally {
      await encoder.dispose?.();
    }
  });
}

/** A claim that texts which an encoder reads whole by itself keep their vectors. @param specs of encoders that read more. */
export function shortTextsClaim(said: Pick<Said, 'id' | 'statement'>, specs: readonly string[]): ExactClaim {
  return exactClaim('code', {
    ...said,
    check: async (lab) => {
      const { documents, queries, sources } = await hidden(lab, 1);
      const texts = [...documents, ...queries.values()];
      const own = await vectorsBy(lab, lab.encoder, texts, 'document');
      let value = 0;
      for (const spec of specs) {
        const { data } = await vectorsBy(lab, spec, texts, 'document');
        value = data.reduce((most, one, i) => Math.max(most, Math.abs(one - own.data[i]!)), value);
      }
      return { metric: 'greatest difference of components', value, atMost: 0, units: texts.length, sources };
    },
  });
}
