import type { InvalidArgumentError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import {
  type Argument,
  type Expression,
  itemsOf,
  numberIn,
  parseExpression,
  type Span,
  SpecText,
  type Term,
} from '../../spec/index.ts';
import type { Operator, ParameterValue, PipelineStep } from './types.ts';

/** Characters of a pipeline. */
const LONGEST = 4000;
/** A word that colons and the like stand in, such as `cross:./models/small`. */
const COMPOUND = /^[^\s()[\],>="']+$/;

/** Where a step stands in the text that it was written in. */
interface Place {
  readonly text: SpecText;
  readonly span: Span;
}

const places = new WeakMap<PipelineStep, Place>();

/** What is wrong with a step, shown where it stands in the text that it was written in. @param problem a sentence without its full stop. */
export function stepError(step: PipelineStep, problem: string, remedy: string): InvalidArgumentError {
  // Steps that came as data are shown as they would be written.
  const { text, span } = places.get(step) ?? { text: textOf(step.op), span: { at: 0, end: step.op.length } };
  return text.error(span, `${problem[0]!.toUpperCase()}${problem.slice(1)}.`, remedy);
}

function textOf(source: string): SpecText {
  return new SpecText(source, 'Pipeline', 'fuse(words, meaning) > group(1) > cut');
}

/**
 * Reads `fuse(words, meaning, weights=[1, 2]) > rerank(NAME, depth=20) > cut`: steps behind one another, each with arguments in parentheses.
 * Arguments without a name are pipelines where an operator joins them, else its parameters in their order. The grammar is that of all
 * specifications, see `parseExpression`.
 * @throws InvalidArgumentError saying where it stopped making sense.
 */
export function parseSteps(source: string, operators: ReadonlyMap<string, Operator>): PipelineStep[] {
  const text = textOf(source);
  if (source.length > LONGEST) {
    const span = { at: LONGEST, end: LONGEST };
    throw text.error(span, `It has ${source.length} characters.`, `Write at most ${LONGEST}, and name its parts.`);
  }
  const expression = parseExpression(text);
  if (expression.kind === 'list') {
    throw text.error(expression.items[1]!, 'A pipeline is one chain of steps.', 'Write fuse(A, B) to join two.');
  }
  return new Reader(text, operators).steps(expression);
}

/** Makes steps of expressions. */
class Reader {
  constructor(
    private readonly text: SpecText,
    private readonly operators: ReadonlyMap<string, Operator>,
  ) {}

  steps(expression: Expression): PipelineStep[] {
    return itemsOf(expression, 'chain').map((item) => this.#step(item));
  }

  #step(expression: Expression): PipelineStep {
    const isTerm = expression.kind === 'term' && !expression.isQuoted;
    const op = isTerm ? expression.word : this.#compound(expression);
    if (op === undefined || numberIn(expression) !== undefined) {
      const said = this.text.source.slice(expression.at, expression.end);
      throw this.text.error(expression, `\`${said}\` is no field, operator or name.`, this.text.remedy);
    }
    const step = isTerm ? this.#assembled(expression) : { op };
    places.set(step, { text: this.text, span: isTerm ? expression.wordSpan : expression });
    return step;
  }

  #assembled(term: Term): PipelineStep {
    const { word: op, wordSpan, arguments: given = [] } = term;
    const named: Record<string, ParameterValue> = {};
    const plain: Argument[] = [];
    for (const argument of given) {
      const { name, value } = argument;
      if (name === undefined) plain.push(argument);
      else if (name.word === 'op' || name.word === 'of' || Object.hasOwn(named, name.word)) {
        throw this.text.error(name, `"${name.word}" cannot be given here.`, 'Leave it out.');
      } else named[name.word] = this.#value(value);
    }
    const operator = this.operators.get(op);
    if (plain.length === 0) return { op, ...named } as PipelineStep;
    if (operator === undefined) {
      const guess = nearest(op, this.operators.keys());
      const remedy = guess === undefined ? this.text.remedy : `Did you mean "${guess}"?`;
      throw this.text.error(wordSpan, `There is no operator "${op}" that takes arguments.`, remedy);
    }
    if (operator.takes === 'pipelines') {
      return { op, of: plain.map(({ value }) => this.steps(value)), ...named } as PipelineStep;
    }
    const names = Object.keys(operator.parameters);
    const values = plain.map(({ value }, i): [string, ParameterValue] => {
      const name = names[i];
      if (name !== undefined && !Object.hasOwn(named, name)) return [name, this.#value(value)];
      const takes = names.length === 0 ? 'no arguments' : names.join(', ');
      throw this.text.error(value, `"${op}" takes ${takes}, and there is one more.`, 'Leave it out.');
    });
    return { op, ...Object.fromEntries(values), ...named } as PipelineStep;
  }

  #value(expression: Expression): ParameterValue {
    if (expression.kind !== 'bracketed') return this.#single(expression);
    return expression.items.map((item) => {
      const member = this.#single(item);
      if (typeof member !== 'boolean') return member;
      throw this.text.error(item, 'A list holds numbers or names.', 'Put it in quotes.');
    });
  }

  #single(expression: Expression): number | string | boolean {
    const number = numberIn(expression);
    if (number !== undefined) return number;
    if (expression.kind === 'term' && expression.arguments === undefined) {
      const { word, isQuoted } = expression;
      return !isQuoted && (word === 'true' || word === 'false') ? word === 'true' : word;
    }
    const word = this.#compound(expression);
    if (word !== undefined) return word;
    throw this.text.error(expression, 'A number, a name or a list is wanted here, and no pipeline.', this.text.remedy);
  }

  /** A name with colons or plus signs in it. */
  #compound({ kind, at, end }: Expression): string | undefined {
    const said = this.text.source.slice(at, end);
    return (kind === 'labelled' || kind === 'sum') && COMPOUND.test(said) ? said : undefined;
  }
}
