/** Compressors that come with the software. */
export const COMPRESSORS = ['sentences', 'salience', 'passages'] as const;
export type CompressorName = (typeof COMPRESSORS)[number];

/** In which order passages stand: best first; as in their documents, the document of the best first; or the best at both ends. */
export const CONTEXT_ORDERS = ['rank', 'document', 'edges'] as const;
export type ContextOrder = (typeof CONTEXT_ORDERS)[number];

/**
 * How a context is written: `text`, passages under a line `[1] Title > Section`; `markdown`, the same as headings and quotations; `xml`,
 * elements `<passage number="1">`, with what is markup in texts escaped, so that no passage can end itself.
 */
export const CONTEXT_FORMATS = ['text', 'markdown', 'xml'] as const;
export type ContextFormat = (typeof CONTEXT_FORMATS)[number];

/** Tokens of a context, unless it is said. */
export const CONTEXT_TOKENS = 1000;

/**
 * What the search of a further hop is for: names in what was found (`bridge`, the usual one), what a language model says is missing (`gap`), or a model's draft of
 * the answer (`draft`).
 */
export const NEXT_QUESTIONS = ['bridge', 'gap', 'draft'] as const;
export type NextQuestionName = (typeof NEXT_QUESTIONS)[number];

/** Most searches that build on each other. */
export const MOST_HOPS = 5;
