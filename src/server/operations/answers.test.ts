import { expect, test } from 'vitest';
import { InvariantError } from '../../base/errors.ts';
import { checkAnswer } from './answers.ts';

test('an answer that differs from its schema is a fault that names where', () => {
  expect(() => checkAnswer('remove', { removed: 2 })).not.toThrow();
  expect(() => checkAnswer('remove', { removed: 'two' })).toThrow(InvariantError);
  const document = { format: 'markdown', documents: 1, distinct: 1, values: [{ value: {}, documents: 1 }] };
  const facets = { documents: 1, facets: [{ field: 'format', ...document }] };
  expect(() => checkAnswer('facets', facets)).toThrow(/"facets" differs from its schema at \/facets\/0/);
});
