import { wellFormed } from '../../base/byte-order.ts';
import type { SqlValue } from './sql.ts';

/** Values of a statement, which its text names as `$1`, `$2` and so on: whatever they are, they are not part of the text. */
export class Values {
  readonly list: SqlValue[] = [];

  /** @param type of PostgreSQL, written by us. @returns what stands for the value in the text. */
  add(value: SqlValue, type: 'text' | 'text[]' | 'int' | 'int[]' | 'float8'): string {
    this.list.push(value);
    return `$${this.list.length}::${type}`;
  }
}

/** Whether a text can be given to PostgreSQL as it is; none that is stored holds U+0000 or an unpaired surrogate. */
export function isSayable(text: string): boolean {
  return !text.includes('\0') && wellFormed(text) === text;
}
