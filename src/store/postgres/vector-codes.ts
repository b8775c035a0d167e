import type { VectorCode } from './address.ts';

/** How the database codes vectors in a column of the table `vectors`, and compares codes with a query. */
interface Code {
  readonly column: string;
  /** The column's type. */
  readonly type: string;
  /** The code of a vector, in SQL. @param text expression that writes it as pgvector does. */
  of(text: string): string;
  /** Expression that is the smaller, the better a row's code suits the query. */
  distance(query: string): string;
  /** How many times more candidates its ranking needs than codes of a byte for each component. */
  readonly depth: number;
}

export const CODES: Readonly<Record<VectorCode, Code>> = {
  half: {
    column: 'half',
    type: 'halfvec',
    of: (text) => `${text}::vector::halfvec`,
    distance: (query) => `half <#> ${query}::vector::halfvec`,
    depth: 1,
  },
  bit: {
    column: 'bits',
    type: 'bit varying',
    of: (text) => `binary_quantize(${text}::vector)`,
    distance: (query) => `bits <~> binary_quantize(${query}::vector)`,
    depth: 8,
  },
};
