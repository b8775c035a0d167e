/** What statements are given: values travel apart from the text of a statement, always. */
export type SqlValue = string | number | boolean | null | Uint8Array | readonly number[] | readonly string[];

/** Runs statements. */
export interface Sql {
  /** @param values of `$1`, `$2` and so on. @returns rows, columns by name; `bytea` as Uint8Array, `int` as number. */
  rows<Row extends object>(text: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/** A database that statements and transactions are run on; of several connections, or one that takes turns. */
export interface Database extends Sql {
  /** Runs work in a transaction of its own, committed when it resolves and rolled back when it rejects. */
  transaction<T>(work: (sql: Sql) => Promise<T>, isolation?: 'repeatable read'): Promise<T>;
  close(): Promise<void>;
}
