/** A stretch of text that becomes one term. */
export interface Part {
  /** As written, joints removed; not yet normalised. */
  readonly text: string;
  /** Where it stands, in code units from the start of the chunk or run that it was found in. */
  readonly start: number;
  readonly end: number;
  /** Whether it is a further form, found but not counted as a word. */
  readonly aside?: true;
}

/** A searchable term and where it stands. */
export interface Token {
  /** Normalised, lower-cased, stemmed: equal terms match. */
  readonly term: string;
  /** UTF-16 code units into the text that was analysed, whatever normalisation did to the length. */
  readonly start: number;
  readonly end: number;
}
