// From passages to answers, without a model: supporting passages and right answers within a budget, two hops against one, compression, the sentences that answer, and whether
// it is told what is not answered. Settings were chosen on the first half of each collection (questions in even places; of pquad the validation questions), figures are of the
// other. `npm run bench -- answers [--keep FOLDER] [--learn [--encoder=NAME]] [SET...]`: collections are kept in the folder for another run; `--learn` prints what it is told by that a
// question is answered, for src/answer/answerable-defaults.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ANSWER_FEATURES,
  answerableBy,
  answerFeatures,
  bridge,
  type ContextOptions,
  followHops,
  gatherEvidence,
  scoreSentences,
} from '../src/answer/index.ts';
import { Random } from '../src/base/random.ts';
import { type Collection, openCollection } from '../src/collection/index.ts';
import {
  areaUnderCurve,
  bootstrapInterval,
  curveInterval,
  evaluateAnswers,
  holdsAnswer,
  type Interval,
  type KeyedQuestion,
  readAnswerKey,
} from '../src/eval/index.ts';
import { not, oneOf, QueryMatcher } from '../src/search/index.ts';
import { mostTokens } from '../src/text/index.ts';
import { median, report } from './harness.ts';
import { dataFolder, mean, type Parts, readCollection, type TestCollection } from './lib-beir.ts';

interface Source {
  /** Judgements of the half that settings are chosen on, where it has its own. */
  readonly development?: Parts;
  /** Questions of each half, spread over it. */
  readonly most: number;
}
const SETS: Readonly<Record<string, Source>> = {
  hotpotqa_100: { most: 50 },
  clapnq_dev: { most: 300 },
  pquad: { development: { qrels: 'qrels-validation.tsv' }, most: 200 },
};
const BUDGET = 1000;
/** How far weights are drawn to nothing while they are learned. */
const SHRINK = 2e-4;

type Half = 'development' | 'report';
interface Questions {
  readonly name: string;
  readonly questions: readonly KeyedQuestion[];
  readonly judgements: TestCollection['judgements'];
}

const args = process.argv.slice(2);
const isLearning = args.includes('--learn');
const only = args.find((one) => one.startsWith('--encoder='))?.slice('--encoder='.length);
const at = args.indexOf('--keep');
const [, keep] = at < 0 ? [] : args.splice(at, 2);
const folder = keep ?? mkdtempSync(join(tmpdir(), 'sagitta-answers-'));
const chosen = args.filter((one) => !one.startsWith('--'));
const names = Object.keys(SETS).filter((name) => chosen.length === 0 || chosen.includes(name));
const rows: Record<string, string | number>[] = [];
const notes: string[] = [];
try {
  if (isLearning) await learn();
  else for (const name of names) await measure(name);
} finally {
  if (keep === undefined) rmSync(folder, { recursive: true, force: true });
}
if (!isLearning) {
  report({
    name: 'answers',
    threads: 2,
    columns: ['collection', 'measure', 'value', '95 %', 'questions'],
    rows,
    notes: [
      ...notes,
      'minilm, 20 passages, contexts of 1,000 tokens by the cautious count; settings from the other half of each collection',
    ],
  });
}

/** The questions of one half that are in an even, or an odd, place; of pquad those of its own judgements. */
async function half(name: string, which: Half): Promise<Questions | undefined> {
  const { development, most } = SETS[name]!;
  const parts = which === 'development' ? development : {};
  const collection = await readCollection(name, parts ?? {});
  if (collection === undefined) return undefined;
  const all = (await readAnswerKey(join(dataFolder, name, 'queries.jsonl'))).filter(
    ({ id, answerable }) => !answerable || collection.judgements.has(id),
  );
  const own = development === undefined ? all.filter((_, i) => i % 2 === (which === 'development' ? 0 : 1)) : all;
  const step = Math.max(1, Math.floor(own.length / most));
  return { name, judgements: collection.judgements, questions: own.filter((_, i) => i % step === 0).slice(0, most) };
}

async function indexed(name: string, encoder: string): Promise<Collection> {
  const index = await openCollection(join(folder, `${name}-${encoder}`), { create: true, encoder });
  // Those that are there already cost nothing.
  await index.add((await readCollection(name))!.documents);
  return index;
}

async function measure(name: string): Promise<void> {
  const set = await half(name, 'report');
  if (set === undefined) return void notes.push(`${name}: needs-data, set SAGITTA_DATA to the folder that holds it`);
  await using index = await indexed(name, 'minilm');
  if (name === 'hotpotqa_100') await measureHops(index, set);
  await measureCompression(index, set);
  const evaluation = await evaluateAnswers(set.questions, set.judgements, (question, without) =>
    index.ask(question, {
      syntax: false,
      ...(without.length === 0 ? {} : { filter: not(oneOf('id', without)) }),
    }),
  );
  const { f1, f1Answered, exact, held, answerability, answered, falselyAnswered, latency } = evaluation;
  add(name, 'token F1 of the sentences', f1);
  add(name, 'token F1 where answered', f1Answered);
  add(name, 'exact match', exact);
  add(name, 'right answer in the context', held);
  add(name, `AUC, answerable or ${answerability.against === 'removed' ? 'answer removed' : 'not'}`, answerability);
  add(name, 'answered of answerable', answered);
  add(name, 'answered of the others', falselyAnswered);
  notes.push(`${name}: ask takes ${latency.p50.toFixed(0)} ms (median), ${latency.p95.toFixed(0)} ms (95 %)`);
}

/** Supporting passages within the budget, beside whole passages from the best on; and among the first ten with a second hop. */
async function measureHops(index: Collection, { name, questions, judgements }: Questions): Promise<void> {
  const plain = await contexts(index, questions, { compressor: 'passages', relevance: 0 });
  for (const [what, options] of [
    ['sentences', {}],
    ['sentences, two hops', { hops: 2 }],
  ] as const) {
    const own = await contexts(index, questions, options);
    const share = (all: typeof own): number[] => all.map(({ ids }, i) => complete(judgements, questions[i]!, ids));
    if (what === 'sentences') addMean(name, 'both supporting passages: whole passages', share(plain));
    addMean(name, `both supporting passages: ${what}`, share(own));
    addMean(name, `  more than whole passages: ${what}`, differences(share(own), share(plain)));
  }
  const [one, two, times]: [number[], number[], [number, number][]] = [[], [], []];
  for (const question of questions) {
    await index.read(async (corpus) => {
      const options = { k: 10, syntax: false };
      let start = performance.now();
      const first = await gatherEvidence(corpus, question.text, options, {});
      const took = performance.now() - start;
      start = performance.now();
      const { evidence } = await followHops(first, corpus, bridge(), { hops: 2 }, took);
      times.push([took, took + performance.now() - start]);
      one.push(
        recall(
          judgements,
          question,
          first.evidence.map(({ id }) => id),
        ),
      );
      two.push(
        recall(
          judgements,
          question,
          evidence.slice(0, 10).map(({ id }) => id),
        ),
      );
    });
  }
  addMean(name, 'recall@10 of supporting passages: one hop', one);
  addMean(name, 'recall@10 of supporting passages: two hops', two);
  addMean(name, '  more than one hop', differences(two, one));
  notes.push(
    `${name}: two hops take ${(median(times.map(([, both]) => both)) / median(times.map(([own]) => own))).toFixed(1)} times one`,
  );
}

/** What is left of five passages at 15 % of their tokens, as a reader sees it: right answers that are word for word there, and its F1. */
async function measureCompression(index: Collection, { name, questions }: Questions): Promise<void> {
  const right = questions.filter(({ answerable }) => answerable);
  const all = await contexts(index, right, { compressor: 'passages', relevance: 0, k: 5, tokens: 20_000 });
  const kept: number[] = [];
  const whole: number[] = [];
  const overlap: [number, number][] = [];
  for (const [i, question] of right.entries()) {
    const tokens = Math.max(1, Math.round(0.15 * all[i]!.tokens));
    const [few] = await contexts(index, [question], { relevance: 0, k: 5, tokens });
    whole.push(holdsAnswer(all[i]!.text, question.answers) ? 1 : 0);
    kept.push(holdsAnswer(few!.text, question.answers) ? 1 : 0);
    overlap.push([wordsHeld(all[i]!.text, question.answers), wordsHeld(few!.text, question.answers)]);
  }
  addMean(name, 'right answer word for word: five passages', whole);
  addMean(name, 'right answer word for word: 15 % of their tokens', kept);
  addMean(
    name,
    'words of the right answer: five passages',
    overlap.map(([one]) => one),
  );
  addMean(
    name,
    'words of the right answer: 15 % of their tokens',
    overlap.map(([, one]) => one),
  );
}

/** Share of the words of the nearest right answer that a text holds. */
function wordsHeld(text: string, answers: readonly string[]): number {
  return Math.max(
    ...answers.map((answer) => {
      const wanted = new Set(answer.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []);
      const there = new Set(text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []);
      return [...wanted].filter((word) => there.has(word)).length / Math.max(1, wanted.size);
    }),
  );
}

async function contexts(index: Collection, questions: readonly KeyedQuestion[], options: ContextOptions) {
  const found: { ids: string[]; text: string; tokens: number }[] = [];
  for (const { text: question } of questions) {
    const { passages, text } = await index.context(question, { tokens: BUDGET, syntax: false, ...options });
    found.push({ ids: passages.map(({ id }) => id), text, tokens: mostTokens(text) });
  }
  return found;
}

function recall(judgements: TestCollection['judgements'], { id }: KeyedQuestion, ids: readonly string[]): number {
  const wanted = [...judgements.get(id)!.keys()];
  return wanted.filter((one) => ids.includes(one)).length / wanted.length;
}

function complete(judgements: TestCollection['judgements'], question: KeyedQuestion, ids: readonly string[]): number {
  return recall(judgements, question, ids) === 1 ? 1 : 0;
}

function differences(own: readonly number[], others: readonly number[]): number[] {
  return own.map((value, i) => value - others[i]!);
}

function addMean(collection: string, what: string, values: readonly number[]): void {
  add(collection, what, { value: mean(values), interval: bootstrapInterval(values), questions: values.length });
}

function add(
  collection: string,
  what: string,
  { value, interval: { low, high }, questions }: { value: number; interval: Interval; questions: number },
): void {
  rows.push({
    collection,
    measure: what,
    value: value.toFixed(3),
    '95 %': `${low.toFixed(3)} to ${high.toFixed(3)}`,
    questions: String(questions),
  });
}

/** Features of a question's evidence, and whether it is answered. */
type Example = readonly [features: readonly number[], answered: boolean];

/** Learns from the development halves what tells questions with an answer from those without. */
async function learn(): Promise<void> {
  for (const encoder of only === undefined ? ['minilm', 'static', 'none'] : [only]) {
    const [development, reported]: [Example[], Example[]] = [[], []];
    for (const name of names) {
      // Persian is in words alone, whatever the encoder.
      if (name === 'pquad' && encoder !== 'none') continue;
      await using index = await indexed(name, encoder);
      for (const [which, examples] of [
        ['development', development],
        ['report', reported],
      ] as const) {
        const set = await half(name, which);
        if (set === undefined) continue;
        const own = await examplesOf(index, set);
        examples.push(...own);
        if (which === 'report') tell(`${encoder} ${name}`, own, answerableBy(encoder));
      }
    }
    const weights = logistic(development);
    const threshold = bestThreshold(development, weights);
    console.log(
      `${encoder}: { weights: [${weights.map((one) => one.toFixed(2)).join(', ')}], threshold: ${threshold.toFixed(2)} },`,
    );
    tell(`${encoder} development`, development, { weights });
    tell(`${encoder} report`, reported, { weights });
  }
}

function tell(what: string, examples: readonly Example[], { weights }: { readonly weights: readonly number[] }): void {
  const [above, below] = [true, false].map((wanted) =>
    examples.filter(([, answered]) => answered === wanted).map(([features]) => logit(features, weights)),
  ) as [number[], number[]];
  const { low, high } = curveInterval(above, below);
  console.log(
    `  ${what}: AUC ${areaUnderCurve(above, below).toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), ${examples.length} questions`,
  );
}

async function examplesOf(index: Collection, { questions, judgements }: Questions): Promise<Example[]> {
  const examples: Example[] = [];
  const isMixed = questions.some(({ answerable }) => !answerable);
  for (const question of questions) {
    examples.push([await featuresOf(index, question.text, []), question.answerable]);
    const relevant = [...(judgements.get(question.id)?.keys() ?? [])];
    if (!isMixed) examples.push([await featuresOf(index, question.text, relevant), false]);
  }
  return examples;
}

async function featuresOf(index: Collection, question: string, without: readonly string[]): Promise<number[]> {
  return index.read(async (corpus) => {
    const filter = without.length === 0 ? {} : { filter: not(oneOf('id', without)) };
    const { query, evidence } = await gatherEvidence(corpus, question, { syntax: false, ...filter }, {});
    const scored = await scoreSentences(query, evidence, { corpus });
    const { missing } = await (await QueryMatcher.of(corpus, query.content, query.language ?? 'und')).words();
    return answerFeatures(scored, evidence, missing);
  });
}

function logit(features: readonly number[], weights: readonly number[]): number {
  return features.reduce((sum, value, i) => sum + weights[i]! * value, weights[features.length]!);
}

/** Logistic regression, both groups of one weight, with a little shrinking; features that hardly differ get no weight. */
function logistic(examples: readonly Example[]): number[] {
  const weights = new Array<number>(ANSWER_FEATURES + 1).fill(0);
  const [right, wrong] = [true, false].map((wanted) => examples.filter(([, answered]) => answered === wanted).length);
  const order = new Random(1).shuffle([...examples]);
  const rate = 2;
  for (let step = 0; step < 4000; step++) {
    const gradient = new Array<number>(weights.length).fill(0);
    for (const [features, answered] of order) {
      const error =
        (1 / (1 + Math.exp(-logit(features, weights))) - (answered ? 1 : 0)) / (2 * (answered ? right! : wrong!));
      features.forEach((value, i) => {
        gradient[i]! += error * value;
      });
      gradient[features.length]! += error;
    }
    weights.forEach((weight, i) => {
      const shrink = i < ANSWER_FEATURES ? SHRINK * weight : 0;
      weights[i] = weight - rate * (gradient[i]! + shrink);
    });
  }
  return weights;
}

/** Where the shares of right decisions on both groups are greatest together. */
function bestThreshold(examples: readonly Example[], weights: readonly number[]): number {
  let best = [0, 0.5] as [number, number];
  for (let threshold = 0.05; threshold < 1; threshold += 0.01) {
    const shares = [true, false].map((wanted) =>
      mean(
        examples
          .filter(([, answered]) => answered === wanted)
          .map(([features]) => (1 / (1 + Math.exp(-logit(features, weights))) >= threshold === wanted ? 1 : 0)),
      ),
    );
    const sum = shares[0]! + shares[1]!;
    if (sum > best[0]) best = [sum, threshold];
  }
  return best[1];
}
