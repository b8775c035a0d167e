import { InvalidArgumentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { Vectors } from '../base/vectors.ts';
import type { Representation } from '../content/index.ts';
import type { Corpus, Field } from './corpus.ts';

/** The fields that a collection has: the terms of title, headings and text, and a vector where it has an encoder. */
export const WORDS = 'words';
export const MEANING = 'meaning';

/** What a field of each kind holds, for messages. */
const HOLDS: Readonly<Record<Field['kind'], string>> = {
  terms: 'terms',
  vector: 'one vector for each passage',
  vectors: 'a vector for each token',
  impacts: 'impacts of terms',
};

/**
 * The field with this name, of one of these kinds. @param by what asks for it, for the message.
 * @throws InvalidArgumentError naming the nearest field there is, or those of the right kind.
 */
export function fieldOf<Kind extends Field['kind']>(
  { fields }: Pick<Corpus, 'fields'>,
  name: string,
  kinds: readonly Kind[],
  by = 'This',
): Extract<Field, { kind: Kind }> {
  const field = fields.find((one) => one.name === name);
  if (field === undefined) {
    const names = fields.map((one) => one.name);
    const guess = nearest(name, names);
    throw new InvalidArgumentError(
      `There is no field "${name}".`,
      guess === undefined ? `The fields are ${names.join(', ')}.` : `Did you mean "${guess}"?`,
    );
  }
  if (!(kinds as readonly string[]).includes(field.kind)) {
    const fitting = fields.filter(({ kind }) => (kinds as readonly string[]).includes(kind)).map((one) => one.name);
    const instead = fitting.length === 0 ? 'The collection has none such.' : `Name ${fitting.join(' or ')}.`;
    throw new InvalidArgumentError(
      `${by} needs a field of ${kinds.map((kind) => HOLDS[kind]).join(', or ')}, and "${name}" holds ${HOLDS[field.kind]}.`,
      instead,
    );
  }
  return field as Extract<Field, { kind: Kind }>;
}

/** @throws InvalidArgumentError unless a representation is one of the field's kind and length. */
export function checkRepresentation(field: Field, given: Representation): void {
  if (field.kind === 'terms' || field.kind === 'impacts') {
    if (Array.isArray(given)) return;
  } else if (field.kind === 'vector' ? given instanceof Float32Array : given instanceof Vectors) {
    const length = given instanceof Float32Array ? given.length : (given as Vectors).dim;
    if (length === field.dim) return;
    throw new InvalidArgumentError(
      `The query vector has ${length} components; those of the field "${field.name}" have ${field.dim}.`,
      `Encode the query with ${field.encoder}.`,
    );
  }
  throw new InvalidArgumentError(
    `The field "${field.name}" holds ${HOLDS[field.kind]}, and was asked with ${kindOf(given)}.`,
    'Ask a field with what its own analysis or encoder makes of a query.',
  );
}

function kindOf(given: Representation): string {
  if (given instanceof Float32Array) return 'a vector';
  return given instanceof Vectors ? 'several vectors' : 'terms';
}
