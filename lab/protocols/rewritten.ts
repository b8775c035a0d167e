import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/base/random.ts';
import type { Turn } from '../../src/content/index.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import type { Judgements } from '../../src/eval/index.ts';
import {
  type ConversationModel,
  conversationFeedback,
  type MemoryCorpus,
  memoryCorpus,
  rankCorpus,
} from '../../src/search/index.ts';
import { type LearnConversationOptions, learnConversation, type RewrittenQuestion } from '../../src/train/index.ts';
import { documentsOf, sourcesOf } from '../datasets/embeddings.ts';
import { readWritten, type Written, writtenSource } from '../datasets/written.ts';
import type { Lab } from '../grading/lab.ts';
import type { ComparativeClaim, Config, Split } from '../grading/types.ts';
import { comparison, type Said, type Sides } from './claims.ts';
import { listValue } from './list-value.ts';

/** Last questions of conversations, with what a language model made of them. */
interface Conversations {
  readonly corpus: MemoryCorpus;
  readonly questions: ReadonlyMap<string, Asked>;
  readonly judgements: Judgements;
  readonly sources: Readonly<Record<string, string>>;
}

interface Asked {
  readonly text: string;
  readonly turns: readonly Turn[];
  /** What it is about: one of three collections of passages. */
  readonly domain: string;
  readonly written: Written;
}

/** Questions of MTRAG that have a conversation, a rewrite and judgements. @throws NeedsData. */
function conversations(lab: Lab): Promise<Conversations> {
  return lab.once('rewritten conversations', async () => {
    const collection = await lab.collection('mtrag_un');
    const folder = lab.folder('llm');
    const written = new Map((readWritten('mtrag_un', folder) ?? []).map((one) => [one.id, one]));
    const questions = new Map<string, Asked>();
    const lines = readFileSync(join(lab.folder('mtrag_un'), 'queries.jsonl'), 'utf8')
      .trim()
      .split('\n');
    for (const line of lines) {
      const { _id: id, text, metadata } = JSON.parse(line) as Line;
      const turns = metadata.history.map(
        (turn): Turn => ({
          role: turn.role === 'user' ? 'user' : 'assistant',
          text: turn.text,
        }),
      );
      const own = written.get(id);
      if (turns.length === 0 || own === undefined || !collection.judgements.has(id)) continue;
      questions.set(id, { text, turns, domain: metadata.collection, written: own });
    }
    const documents = await documentsOf(lab, collection, new Set());
    return {
      corpus: await memoryCorpus(documents, [{ name: 'words', kind: 'terms' }]),
      questions,
      judgements: collection.judgements,
      sources: { ...sourcesOf(collection), ...writtenSource(folder, 'mtrag_un') },
    };
  });
}

interface Line {
  readonly _id: string;
  readonly text: string;
  readonly metadata: {
    readonly collection: string;
    readonly history: readonly { readonly role: string; readonly text: string }[];
  };
}

/** How a conversation is searched for: by a pipeline, by what a language model wrote, or by words that are weighed. */
export interface ConversationSide {
  readonly name: string;
  readonly configs: readonly Config[];
  readonly untunable?: boolean;
  readonly pipeline?: (config: Config) => string;
  /** What is asked in place of the question. */
  readonly rewritten?: (written: Written) => string;
  /** Weights that nobody learned. */
  readonly given?: (config: Config) => ConversationModel;
  /** How they are learned, from which rewrites. Default: the standalone question. */
  readonly learned?: (config: Config) => Omit<LearnConversationOptions, 'runtime' | 'seed'>;
  readonly rewrites?: (written: Written) => readonly string[];
}

/** What a claim says of which metric. */
export interface ConversationClaim extends Said, Sides<ConversationSide> {
  readonly metric: 'nDCG@10' | 'recall@10';
  /** Learn from questions of this domain and choose by them, and report on those of the others. Default: all domains, divided at random. */
  readonly learnFrom?: string;
}

const DEPTH = 10;
/** Shares of the questions for training and for choosing, of all or of a domain. */
const SHARES = { all: [0.4, 0.55], domain: [0.7, 1] } as const;
/** Words of the conversation, whatever was said before. */
const WEIGHED = 'words > feedback(conversation, depth=1)';

/** A claim about what is found for the last question of a conversation, over three seeds. */
export function conversationClaim({ metric, learnFrom, ...claim }: ConversationClaim): ComparativeClaim {
  return comparison<ConversationSide, ConversationSide, ReadonlyMap<string, number>, readonly string[]>(
    claim,
    metric,
    async (lab) => {
      const data = await conversations(lab);
      const splits = splitsOf(data, learnFrom);
      return {
        material: {
          truth: new Map([...data.questions.keys()].map((id) => [id, data.judgements.get(id)!])),
          split: (unit) => splits.get(unit),
          sources: data.sources,
          measure: (truth, ids) => listValue(metric.toLowerCase(), truth, ids),
        },
        contestant: (side) => ({
          name: side.name,
          configs: side.configs,
          ...(side.untunable === true ? { untunable: true } : {}),
          fit: async (config, { seed }) => {
            const start = performance.now();
            const model = await modelOf(data, lab, side, config, splits, seed, learnFrom ?? '');
            const seconds = (performance.now() - start) / 1000;
            return {
              answer: (unit) => answer(data, unit, side, config, model),
              ...(side.learned === undefined ? {} : { costs: { 's to learn': seconds } }),
            };
          },
        }),
      };
    },
  );
}

function splitsOf({ questions }: Conversations, learnFrom: string | undefined): ReadonlyMap<string, Split> {
  const order = new Random(47).shuffle([...questions.keys()]);
  const known = order.filter((id) => learnFrom === undefined || questions.get(id)!.domain === learnFrom);
  const [train, dev] = SHARES[learnFrom === undefined ? 'all' : 'domain'];
  const splits = new Map<string, Split>(order.map((id) => [id, 'test']));
  for (const [place, id] of known.entries()) {
    const share = (place + 0.5) / known.length;
    splits.set(id, share < train ? 'train' : share < dev ? 'dev' : 'test');
  }
  return splits;
}

function modelOf(
  { corpus, questions, judgements }: Conversations,
  lab: Lab,
  { name, given, learned, rewrites = ({ standalone }) => [standalone!] }: ConversationSide,
  config: Config,
  splits: ReadonlyMap<string, Split>,
  seed: number,
  from: string,
): Promise<ConversationModel | undefined> {
  if (learned === undefined) return Promise.resolve(given?.(config));
  return lab.once(`conversation ${JSON.stringify([name, config, seed, from])}`, async () => {
    const lessons: RewrittenQuestion[] = [];
    for (const [id, { text, turns, written }] of questions) {
      if (splits.get(id) !== 'train') continue;
      const relevant: number[] = [];
      for (const [document, grade] of judgements.get(id)!) {
        const place = grade > 0 ? await corpus.find(document) : undefined;
        if (place !== undefined) relevant.push(place.from);
      }
      lessons.push({ query: text, turns, relevant, rewrites: rewrites(written), language: 'en' });
    }
    return learnConversation(corpus, lessons, {
      runtime: await nativeRuntime(),
      threads: 1,
      steps: lab.pick(4, 300),
      ...learned(config),
      seed,
      signal: lab.signal,
    });
  });
}

async function answer(
  { corpus, questions }: Conversations,
  unit: string,
  { pipeline, rewritten }: ConversationSide,
  config: Config,
  model: ConversationModel | undefined,
): Promise<readonly string[]> {
  const { text, turns, written } = questions.get(unit)!;
  const options = { k: DEPTH, syntax: false, language: 'en', turns, pipeline: pipeline?.(config) ?? WEIGHED };
  const extensions = model === undefined ? {} : { feedbacks: [conversationFeedback(model)] };
  return (await rankCorpus(corpus, rewritten?.(written) ?? text, options, { extensions })).ids;
}
