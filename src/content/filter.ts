export type Scalar = string | number | boolean;

/** `^=` starts with; `contains` and `matches` look into texts. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | '^=' | 'contains' | 'matches';

/**
 * A condition on documents, as plain data (it travels as JSON). Fields are `id`, `title`, `path`, `format`, `language`
 * and every metadata field; metadata named like one of the five are values of that field too, and `metadata.NAME` means the metadata
 * alone. A document without the field satisfies no comparison; `!=` and `not` are satisfied by it. A list-valued field satisfies
 * a comparison when one of its members does.
 *
 * - `^=` starts with; `contains` holds the text, in upper or lower case; `matches` a pattern: `*` any text, `?` one character, `[a-z]`
 *   one of these. In a pattern with a `/`, `*` and `?` stop at a `/`, and `**` does not; one without is compared with what follows the
 *   last `/` as well.
 * - Values of different types are equal when they are written alike (`42` and `"42"`), or are the same number (`1.1` and `"1.10"`). A
 *   number is compared by size with texts that are numbers, and with the year of dates (`date >= 2020`).
 */
export type Filter =
  | { readonly field: string; readonly op: Comparison; readonly value: Scalar }
  | { readonly field: string; readonly op: 'in'; readonly values: readonly Scalar[] }
  | { readonly field: string; readonly op: 'exists' }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };
