/** A byte offset into an arena's memory. */
export type Address = number;
