import pc from 'picocolors';
import {
  type Answer,
  answerWith,
  asksModel,
  type Citation,
  type Compressor,
  type CompressorName,
  type Context,
  type ContextFormat,
  type ContextOrder,
  type GroundedSentence,
  type NextQuestionName,
  nextQuestion,
  readCompressor,
} from '../answer/index.ts';
import { given } from '../base/given.ts';
import { parseFilter } from '../search/index.ts';
import { readNamed } from './named-file.ts';
import { namedModel } from './named-model.ts';
import { openHere } from './opening.ts';
import { LEARNED } from './option-values.ts';
import { duration, plural, print, printable, printJson, say } from './output.ts';
import { filterFromHere } from './where.ts';

/** What `ask` and `context` have in common. */
export interface ContextCommandOptions {
  /** What makes the next question between hops. */
  readonly next?: NextQuestionName;
  readonly model?: string;
  readonly modelUrl?: string;
  /** Asks the model again what it was asked before. */
  readonly keep: boolean;
  readonly in: string;
  readonly json: boolean;
  readonly tokens?: number;
  readonly k?: number;
  readonly hops?: number;
  readonly filter?: string;
  readonly pipeline?: string;
  readonly language?: string;
  /** A name, `learned` or `learned:FILE`. */
  readonly compressor?: string;
  readonly order?: ContextOrder;
  readonly format?: ContextFormat;
  /** Passages that are probably not relevant as well. */
  readonly all: boolean;
}

export interface AskCommandOptions extends ContextCommandOptions {
  readonly sentences?: number;
  readonly maxTokens?: number;
}

/** `sagitta context`: what to read for a question, within a budget. */
export async function contextCommand(
  words: readonly string[],
  options: ContextCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  await using collection = await openHere(options.in);
  // A model that leads no hop has nothing to do here.
  const model = asksModel(options.next) ? await namedModel(options) : undefined;
  const next = nextQuestion(options.next, options.hops, model);
  const context = await collection.context(words.join(' '), {
    ...(await looking(options)),
    ...given({ next }),
    signal,
  });
  if (options.json) return printJson(context);
  if (context.text !== '') print(printable(context.text));
  if (context.note !== undefined) say(printable(context.note));
  say(pc.dim(summary(context)));
}

/** `sagitta ask`: sentences that answer, or a model's answer from them. */
export async function askCommand(
  words: readonly string[],
  options: AskCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { sentences, json, maxTokens } = options;
  const model = await namedModel(options);
  await using collection = await openHere(options.in);
  const next = nextQuestion(options.next, options.hops, model);
  const asked = await collection.ask(words.join(' '), {
    ...(await looking(options)),
    ...given({ sentences, next }),
    signal,
  });
  if (model === undefined) return json ? printJson(presented(asked)) : printAnswer(asked);
  const writing = answerWith(model, asked, { signal, ...given({ maxTokens }) });
  for (let next = await writing.next(); ; next = await writing.next()) {
    if (next.done) {
      const answer = next.value;
      if (json) return printJson(presented(answer));
      if (answer.model === undefined) return printAnswer(answer);
      return printSources(answer);
    }
    if (!json) printSentence(next.value);
  }
}

async function looking(options: ContextCommandOptions) {
  const { in: directory, tokens, k, hops, filter, pipeline, language, order, format, all } = options;
  const compressor = await compressorOf(options.compressor);
  return {
    ...given({ tokens, k, hops, pipeline, language, compressor, order, format }),
    ...(filter === undefined ? {} : { filter: filterFromHere(directory, parseFilter(filter)) }),
    ...(all ? { relevance: 0 } : {}),
  };
}

/** A compressor that was trained is read from its file. */
async function compressorOf(name: string | undefined): Promise<CompressorName | 'learned' | Compressor | undefined> {
  if (!name?.startsWith(LEARNED)) return name as CompressorName | 'learned' | undefined;
  const file = name.slice(LEARNED.length);
  return readCompressor(await readNamed(file, 'Name a file that `sagitta learn-compressor` made.'), file);
}

/** As it is printed for programs: the context is counted, not repeated. */
function presented({ context: { tokens, passages }, ...answer }: Answer): object {
  return { ...answer, context: { tokens, passages } };
}

function printAnswer(answer: Answer): void {
  if (answer.answered) for (const { text, number } of answer.citations) print(`${flat(text)}${pc.cyan(mark(number))}`);
  printSources(answer);
}

function printSentence({ text, cites, supported }: GroundedSentence): void {
  const marks = cites.map((number) => pc.cyan(mark(number))).join('');
  print(`${flat(text)}${marks}${supported ? '' : pc.yellow(' [unsupported]')}`);
}

function printSources({ answered, citations, confidence, notes, context, model, tookMs }: Answer): void {
  if (!answered) print(pc.bold('Not answered here.'));
  const shown = [...new Map(citations.map((one) => [`${one.number} ${one.id}`, one])).values()];
  if (shown.length > 0) print();
  for (const citation of shown) print(pc.dim(sourceLine(citation, context)));
  for (const note of notes) say(printable(note));
  const by = model === undefined ? `answered with ${Math.round(100 * confidence)} %` : printable(model);
  say(pc.dim(`${by}; ${summary(context)}; ${duration(tookMs)}`));
}

function sourceLine({ number, id, start, end }: Citation, { passages }: Context): string {
  const passage = passages.find((one) => one.number === number);
  const section = passage?.headings.at(-1);
  const where = section === undefined ? flat(id) : `${flat(id)} › ${flat(section)}`;
  return `${mark(number).trim() || '-'} ${where} (${start}-${end})`;
}

function summary({ tokens, passages, hops }: Context): string {
  const further = hops.length > 1 ? `, ${plural(hops.length, 'hop')}` : '';
  return `context of ${plural(tokens, 'token')} from ${plural(passages.length, 'passage')}${further}`;
}

/** A passage that the context had no room for has no number. */
function mark(number: number): string {
  return number === 0 ? '' : ` [${number}]`;
}

function flat(text: string): string {
  return printable(text).replace(/\s+/g, ' ');
}
