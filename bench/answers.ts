// From passages to answers, without a model: supporting passages and right answers within a budget, two hops against one, compression, the sentences that answer, and whether
// it is told what is not answered. Settings were chosen on the first half of each collection (questions in even places; of pquad the validation questions), figures are of the
// other. `npm run bench -- answers [--keep FOLDER] [--learn [--encoder=NAME]] [SET...]`: collections are kept in the folder for another run; `--learn` prints what it is told by that a
// question is answered, and by what sentences are valued, for src/answer/answerable-defaults.ts and
// src/answer/sentence-weights.ts; from XQuAD's questions too, and from some about this project's documentation (answers-questions.jsonl).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerFeatures,
  bridge,
  type ContextOptions,
  type Evidence,
  followHops,
  gatherEvidence,
  type SentenceScores,
  scoreSentences,
  sentenceFeatures,
  weighted,
} from '../src/answer/index.ts';
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
import {
  answersIt,
  documentation,
  documentationQuestions,
  type JudgedEvidence,
  type JudgedSentences,
  learnAnswerable,
  learnSentences,
} from './lib-answers.ts';
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
const XQUAD = { corpus: 'corpus.en.jsonl', queries: 'queries.en.jsonl' } as const;
const BUDGET = 1000;
const WALK = 'hybrid > walk';
/** What is learned from besides: XQuAD's English questions, and this project's documentation. */
const LEARNED = ['xquad', 'documentation'] as const;
/** What weights are divided by, so that a sentence that answers is worth about 1. */
const SCALE = 10;
/** Questions of each collection that are learned from. */
const MOST_LEARNED = 60;

type Half = 'development' | 'report';
interface Questions {
  readonly name: string;
  readonly questions: readonly KeyedQuestion[];
  readonly judgements: TestCollection['judgements'];
}

const args = process.argv.slice(2);
const isLearning = args.includes('--learn');
const isReporting = !args.includes('--development');
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
  if (name === 'documentation') {
    const { questions, judgements } = documentationQuestions();
    return { name, judgements, questions: questions.filter((_, i) => i % 2 === (which === 'development' ? 0 : 1)) };
  }
  if (name === 'xquad') {
    const collection = await readCollection(name, XQUAD);
    const all = await readAnswerKey(join(dataFolder, name, XQUAD.queries));
    const step = Math.floor(all.length / MOST_LEARNED);
    const questions = all.filter((_, i) => i % step === 0).slice(0, MOST_LEARNED);
    return collection === undefined ? undefined : { name, judgements: collection.judgements, questions };
  }
  const { development, most: wanted } = SETS[name]!;
  const most = isLearning ? Math.min(wanted, MOST_LEARNED) : wanted;
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
  const documents =
    name === 'documentation' ? documentation() : (await readCollection(name, name === 'xquad' ? XQUAD : {}))!.documents;
  await index.add(documents);
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
    ['sentences, walk', { pipeline: WALK }],
    ['sentences, walk and two hops', { pipeline: WALK, hops: 2 }],
  ] as const) {
    const own = await contexts(index, questions, options);
    const share = (all: typeof own): number[] => all.map(({ ids }, i) => complete(judgements, questions[i]!, ids));
    if (what === 'sentences') addMean(name, 'both supporting passages: whole passages', share(plain));
    addMean(name, `both supporting passages: ${what}`, share(own));
    addMean(name, `  more than whole passages: ${what}`, differences(share(own), share(plain)));
  }
  const found: Record<'one hop' | 'two hops' | 'walk', number[]> = { 'one hop': [], 'two hops': [], walk: [] };
  const times: { one: number; two: number; walk: number }[] = [];
  for (const question of questions) {
    await index.read(async (corpus) => {
      const options = { k: 10, syntax: false };
      let start = performance.now();
      const first = await gatherEvidence(corpus, question.text, options, {});
      const took = performance.now() - start;
      start = performance.now();
      const { evidence } = await followHops(first, corpus, bridge(), { hops: 2 }, took);
      const two = took + performance.now() - start;
      start = performance.now();
      const walked = await gatherEvidence(corpus, question.text, { ...options, pipeline: WALK }, {});
      times.push({ one: took, two, walk: performance.now() - start });
      const share = (some: readonly Evidence[]): number => {
        const ids = some.slice(0, 10).map(({ id }) => id);
        return recall(judgements, question, ids);
      };
      found['one hop'].push(share(first.evidence));
      found['two hops'].push(share(evidence));
      found.walk.push(share(walked.evidence));
    });
  }
  addMean(name, 'recall@10 of supporting passages: one hop', found['one hop']);
  for (const what of ['two hops', 'walk'] as const) {
    addMean(name, `recall@10 of supporting passages: ${what}`, found[what]);
    addMean(name, `  more than one hop: ${what}`, differences(found[what], found['one hop']));
  }
  const middle = (what: 'one' | 'two' | 'walk'): number => median(times.map((took) => took[what]));
  notes.push(
    `${name}: two hops take ${(middle('two') / middle('one')).toFixed(1)} times one, a walk ${(middle('walk') / middle('one')).toFixed(1)} times`,
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

/** A question's evidence, and what is known of it. */
interface Example {
  readonly name: string;
  readonly scored: SentenceScores;
  readonly evidence: readonly Evidence[];
  readonly missing: number;
  readonly answered: boolean;
  readonly judged: JudgedSentences;
}

/** Learns from the development halves what sentences are worth, and what tells questions with an answer from those without. */
async function learn(): Promise<void> {
  for (const encoder of only === undefined ? ['minilm', 'static', 'none'] : [only]) {
    const examples: Record<Half, Example[]> = { development: [], report: [] };
    for (const name of [...names, ...LEARNED]) {
      // Persian is in words alone, whatever the encoder.
      if (name === 'pquad' && encoder !== 'none') continue;
      await using index = await indexed(name, encoder);
      for (const which of ['development', 'report'] as const) {
        if (which === 'report' && (name === 'xquad' || !isReporting)) continue;
        const set = await half(name, which);
        if (set !== undefined) examples[which].push(...(await examplesOf(index, set)));
      }
    }
    // What answers a question of two hops need not resemble it, so nothing is learned of sentences from those.
    const simple = examples.development.filter(({ name }) => name !== 'hotpotqa_100');
    const raw = await learnSentences(simple.map(({ judged }) => judged));
    const sentences = raw.map((weight) => Number((weight / SCALE).toFixed(3)));
    const weights = await learnAnswerable(evidenceOf(examples.development, sentences));
    const threshold = bestThreshold(evidenceOf(examples.development, sentences), weights);
    console.log(`sentences, ${encoder}: [${sentences.join(', ')}],`);
    console.log(
      `answerable, ${encoder}: { weights: [${weights.map((one) => one.toFixed(2)).join(', ')}], threshold: ${threshold.toFixed(2)} },`,
    );
    for (const which of ['development', 'report'] as const) {
      for (const name of new Set(examples[which].map((one) => one.name))) {
        const own = examples[which].filter((one) => one.name === name);
        tell(`${encoder} ${name}, ${which}`, own, sentences, weights);
      }
    }
  }
}

/** Each collection has the same say, and in it both groups. */
function evidenceOf(examples: readonly Example[], sentences: readonly number[]): JudgedEvidence[] {
  const groups = new Map<string, number>();
  const group = ({ name, answered }: Example): string => `${name} ${answered}`;
  for (const one of examples) groups.set(group(one), (groups.get(group(one)) ?? 0) + 1);
  return examples.map((one) => ({
    features: featuresOf(one, sentences),
    answered: one.answered,
    weight: 1 / (groups.size * groups.get(group(one))!),
  }));
}

function featuresOf({ scored, judged, evidence, missing }: Example, sentences: readonly number[]): number[] {
  const valued = scored.sentences.map((sentence, i) => ({
    ...sentence,
    value: weighted(judged.features[i]!, sentences),
  }));
  return answerFeatures({ ...scored, sentences: valued }, evidence, missing);
}

function tell(
  what: string,
  examples: readonly Example[],
  sentences: readonly number[],
  weights: readonly number[],
): void {
  const [above, below] = [true, false].map((wanted) =>
    examples.filter(({ answered }) => answered === wanted).map((one) => weighted(featuresOf(one, sentences), weights)),
  ) as [number[], number[]];
  const firsts = examples.flatMap(({ judged: { features, answers } }) => {
    if (!answers.includes(true)) return [];
    const values = features.map((row) => weighted(row, sentences));
    return [answers[values.indexOf(Math.max(...values))] ? 1 : 0];
  });
  const { low, high } = curveInterval(above, below);
  console.log(
    `  ${what}: AUC ${areaUnderCurve(above, below).toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), ${examples.length} questions; the best sentence answers ${mean(firsts).toFixed(3)} of ${firsts.length}`,
  );
}

async function examplesOf(index: Collection, { name, questions, judgements }: Questions): Promise<Example[]> {
  const examples: Example[] = [];
  const isMixed = questions.some(({ answerable }) => !answerable);
  for (const question of questions) {
    const relevant = [...(judgements.get(question.id)?.keys() ?? [])];
    for (const without of isMixed ? [[]] : [[], relevant]) {
      examples.push(await exampleOf(index, name, question, relevant, without));
    }
  }
  return examples;
}

async function exampleOf(
  index: Collection,
  name: string,
  { text, answers, answerable }: KeyedQuestion,
  relevant: readonly string[],
  without: readonly string[],
): Promise<Example> {
  return index.read(async (corpus) => {
    const filter = without.length === 0 ? {} : { filter: not(oneOf('id', without)) };
    const { query, evidence } = await gatherEvidence(corpus, text, { syntax: false, ...filter }, {});
    const scored = await scoreSentences(query, evidence, { corpus });
    const { missing } = await (await QueryMatcher.of(corpus, query.content, query.language ?? 'und')).words();
    return {
      name,
      scored,
      evidence,
      missing,
      answered: answerable && without.length === 0,
      judged: {
        features: sentenceFeatures(scored.sentences, evidence, query.content),
        answers: scored.sentences.map(
          (sentence) => relevant.includes(evidence[sentence.passage]!.id) && answersIt(sentence.text, answers),
        ),
      },
    };
  });
}

/** Where the shares of right decisions on both groups are greatest together. */
function bestThreshold(examples: readonly JudgedEvidence[], weights: readonly number[]): number {
  let best = [0, 0.5] as [number, number];
  for (let threshold = 0.05; threshold < 1; threshold += 0.01) {
    const sum = examples.reduce((total, { features, answered, weight }) => {
      const isTaken = 1 / (1 + Math.exp(-weighted(features, weights))) >= threshold;
      return isTaken === answered ? total + weight : total;
    }, 0);
    if (sum > best[0]) best = [sum, threshold];
  }
  return best[1];
}
