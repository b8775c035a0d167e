import { chooseFields, HIT_FIELDS, type Hit, nameHint } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';

/** @throws InvalidArgumentError for what no hit has. */
export function checkHitFields(fields: readonly string[]): void {
  const always = ['rank', 'score', 'id'];
  const unknown = fields.find((name) => !name.startsWith('metadata.') && ![...always, ...HIT_FIELDS].includes(name));
  if (unknown === undefined) return;
  throw new InvalidArgumentError(
    `A hit has no field "${unknown}" (${nameHint(unknown, HIT_FIELDS)}).`,
    'Metadata are chosen as `metadata.NAME`.',
  );
}

/** Hits with the fields that were chosen. */
export function chosenFields(hits: readonly Hit[], fields: readonly string[]): Hit[] {
  return hits.map((hit) => chooseFields(hit, fields) as Hit);
}
