import { z } from 'zod';
import {
  collectionSchema,
  filterSchema,
  idSchema,
  LIMITS,
  languageSchema,
  list,
  metadataSchema,
  pipelineSchema,
  problemSchema,
  RETRIEVERS,
  rangeSchema,
  sortSchema,
} from './common.ts';
import { facetsSchema } from './facets.ts';

const likeSchema = z.strictObject({
  id: idSchema,
  start: z
    .int()
    .min(0)
    .optional()
    .describe('Where the passage starts in its document. Default: the document as a whole.'),
});

export const searchRequestSchema = z
  .strictObject({
    collection: collectionSchema,
    query: z
      .string()
      .max(LIMITS.query)
      .optional()
      .describe('What is asked for, in words. With `filter` alone: what satisfies it, in order of indexing.'),
    vector: z
      .array(z.number())
      .min(1)
      .max(LIMITS.vector)
      .optional()
      .describe("An embedding made elsewhere, of the collection's encoder. With `query` too, both take part."),
    like: z
      .union([likeSchema, z.array(likeSchema).min(1).max(LIMITS.like).readonly()])
      .optional()
      .describe(
        'Passages similar to this one, or to these, instead of a query or a vector. Of a document as a whole and of several, no passage of theirs is among the hits.',
      ),
    unlike: z
      .array(likeSchema)
      .max(LIMITS.like)
      .readonly()
      .optional()
      .describe('With `like`: passages that hits shall be unlike. Needs embeddings.'),
    likeBy: z
      .enum(['mean', 'nearest'])
      .optional()
      .describe(
        'Of several passages in `like`: whether hits are near to their mean (default), what they have in common, or to the nearest of them, each by itself.',
      ),
    retriever: z
      .enum(RETRIEVERS)
      .optional()
      .describe(
        'The pipeline of that name. Default: `hybrid` when the collection has embeddings, else `bm25`; `dense` for a vector alone.',
      ),
    pipeline: pipelineSchema.optional(),
    turns: list(z.strictObject({ role: z.enum(['user', 'assistant']), text: z.string().max(LIMITS.query) }))
      .optional()
      .describe(
        'The conversation before the query, oldest first, at most 100 turns: `rewrite` of the pipeline looks at it, which is `rewrite(turns)` where the pipeline has neither that nor `feedback(conversation)`.',
      ),
    k: z.int().min(1).max(LIMITS.k).default(10).describe('At most this many hits.'),
    filter: filterSchema.optional(),
    perDocument: z.int().min(1).optional().describe('At most this many passages of one document. Default: no limit.'),
    language: languageSchema.optional().describe('Language of the query (ISO 639-1). Default: detected.'),
    candidates: z
      .int()
      .min(1)
      .max(LIMITS.candidates)
      .optional()
      .describe('Passages of each ranking that `hybrid` fuses, whatever k is. Default: 50.'),
    syntax: z
      .boolean()
      .optional()
      .describe(
        'Whether signs in `query` have a meaning: `"exact phrase"`, `+must`, `-not`, `begin*`, `field:value`, `field:>=2020`, `field:1990..1999`, `OR`. Default: true.',
      ),
    variants: z
      .boolean()
      .optional()
      .describe(
        'Whether words that no document has stand for what is written alike or begins so, and words for their synonyms. Default: true.',
      ),
    complete: z
      .boolean()
      .optional()
      .describe('Whether the last word may be the beginning of a word, for search as one types. Default: false.'),
    collapse: z
      .boolean()
      .optional()
      .describe(
        'Fold passages that repeat a better one (near-identical texts, two forms of one page) into its `repeats`. Default: false.',
      ),
    explain: z.boolean().default(false).describe('Attach what each stage contributed to each hit.'),
    relevant: z
      .boolean()
      .optional()
      .describe('Only hits that are likely to be relevant. For collections whose `capabilities.relevance` is true.'),
    judged: z
      .boolean()
      .optional()
      .describe(
        'Say of every hit how probably it is relevant (`relevance`), and leave out none. As `relevant` otherwise.',
      ),
    sort: sortSchema
      .optional()
      .describe(
        'Order hits by fields, `year desc, title`, instead of by score: the best 1,000 that hold a word of the query, or are kept by `relevant`.',
      ),
    cursor: z
      .string()
      .max(LIMITS.cursor)
      .optional()
      .describe(
        'The page that follows: `next` of the page before, with the same request otherwise (`k`, `fields`, `facets` and `explain` may differ). No hit comes ' +
          'twice, also when documents come and go meanwhile. Pages reach the first 1,000 hits.',
      ),
    fields: z
      .array(
        z
          .string()
          .regex(/^(metadata\..+|[a-zA-Z]+)$/s, 'expected a field of a hit, such as "title" or "metadata.year"'),
      )
      .max(LIMITS.fields)
      .optional()
      .describe(
        'Only these fields of hits, besides `rank`, `score` and `id`; `metadata.NAME` for one of the metadata. Default: all.',
      ),
    facets: z
      .strictObject({
        fields: z
          .array(z.string().min(1).max(200))
          .max(LIMITS.fields)
          .optional()
          .describe('Default: `format`, `language` and all metadata.'),
        values: z.int().min(1).max(100).default(12).describe('Most values of one field.'),
        disjunctive: z
          .boolean()
          .default(false)
          .describe("Leave the filter's conditions on a field out where that field is counted."),
      })
      .optional()
      .describe(
        'Also count the values of fields over all documents that the query finds, not only those of this page.',
      ),
  })
  .meta({ id: 'SearchRequest' });
/** As it is sent. */
export type SearchRequestInput = z.input<typeof searchRequestSchema>;
/** As it is understood, defaults filled in. */
export type SearchRequest = z.infer<typeof searchRequestSchema>;

const contributionSchema = z.strictObject({
  stage: z.string(),
  rank: z
    .int()
    .optional()
    .describe('Rank in that stage, from 1; absent where the passage is not among its candidates.'),
  score: z.number().optional().describe("The stage's own score, if it has one for the passage."),
  share: z.number().describe("What the fusion made of it; the sum over stages is the hit's score."),
});

const completeHitSchema = z.strictObject({
  rank: z.int().describe('From 1, going on from page to page.'),
  score: z.number(),
  id: z.string().describe('The document.'),
  path: z.string().optional(),
  title: z.string(),
  text: z.string().describe('The passage.'),
  start: z.int().describe("Where the passage stands in the document's text, in UTF-16 code units."),
  end: z.int(),
  headings: list(z.string()).describe('Titles of the sections around it, outermost first.'),
  page: z.int().optional(),
  language: z.string(),
  metadata: metadataSchema,
  highlights: list(rangeSchema).describe('What matched, as ranges of `text`.'),
  snippet: z
    .strictObject({ text: z.string(), highlights: list(rangeSchema) })
    .describe('What of the passage shows the match, at most 320 characters, as plain text without markup.'),
  repeats: list(z.strictObject({ id: z.string(), start: z.int() }))
    .optional()
    .describe('With `collapse`: passages that say the same and would have followed.'),
  contributions: list(contributionSchema).optional(),
  match: z
    .strictObject({
      coverage: z
        .number()
        .describe(
          "Share of the query's words that the passage holds, by their rarity; words that no passage holds count as missing.",
        ),
      reach: z.number().describe('BM25 as a share of what endless repetition of all words would reach.'),
    })
    .optional()
    .describe("With `explain`: how the passage matches the query's words."),
  relevance: z
    .number()
    .optional()
    .describe('With `relevant` or `judged`: the probability that the passage is relevant.'),
});
/** A hit with all its fields. */
export type Hit = z.infer<typeof completeHitSchema>;
const ALWAYS = ['rank', 'score', 'id'] as const;
const { rank: _rank, score: _score, id: _id, ...chosen } = completeHitSchema.shape;
/** Fields of hits that a request can choose. */
export const HIT_FIELDS: readonly string[] = Object.keys(chosen);

/** With the fields that were chosen; all where none were. */
export const hitSchema = completeHitSchema
  .partial()
  .required({ rank: true, score: true, id: true })
  .meta({ id: 'Hit', description: 'All fields, unless the request chose `fields`.' });

/** Without what was not chosen. @param fields checked: {@link HIT_FIELDS} and `metadata.NAME`. */
export function chooseFields(hit: Hit, fields: readonly string[]): z.infer<typeof hitSchema> {
  const kept: Record<string, unknown> = {};
  for (const name of [...ALWAYS, ...fields]) {
    if (Object.hasOwn(hit, name)) kept[name] = hit[name as keyof Hit];
  }
  if (!fields.includes('metadata')) {
    const inner = fields.filter((name) => name.startsWith('metadata.')).map((name) => name.slice('metadata.'.length));
    const { metadata } = hit;
    if (inner.length > 0) {
      kept['metadata'] = Object.fromEntries(
        inner.filter((name) => Object.hasOwn(metadata, name)).map((name) => [name, metadata[name]]),
      );
    }
  }
  return kept as z.infer<typeof hitSchema>;
}

const traceFields = {
  stage: z.string(),
  tookMs: z.number(),
  examined: z.int().describe('Items scored.'),
  returned: z.int(),
  note: z.string().optional(),
};
export interface Trace {
  readonly stage: string;
  readonly tookMs: number;
  readonly examined: number;
  readonly returned: number;
  readonly note?: string | undefined;
  readonly inputs?: readonly Trace[] | undefined;
}
const traceSchema: z.ZodType<Trace> = z
  .strictObject({
    ...traceFields,
    get inputs() {
      return list(traceSchema).optional();
    },
  })
  .meta({ id: 'Trace' });

export const searchAnswerSchema = z
  .strictObject({
    query: z.string(),
    retriever: z.string().describe('The pipeline, as it was named or written.'),
    language: z.string().describe('Language of the query, given or detected; `und` where it cannot be told.'),
    tookMs: z.number().describe('Time in the engine, without queueing and transport.'),
    hits: list(hitSchema),
    examined: z.int().describe('Passages scored.'),
    next: z
      .string()
      .optional()
      .describe('There when k hits came: the `cursor` of the next page, which may turn out to be empty.'),
    facets: facetsSchema
      .optional()
      .describe(
        'With `facets`: counted over documents that hold a word of the query, or over the 100 best where it has none.',
      ),
    shortfall: z
      .strictObject({ requested: z.int(), returned: z.int(), allowed: z.int(), reason: z.string() })
      .optional()
      .describe('There exactly when fewer than k hits came, but not with `relevant`.'),
    relevance: z
      .strictObject({
        threshold: z.number().describe('Hits of at least this probability are kept.'),
        usual: z
          .number()
          .describe(
            'The threshold where none is named: with `… > cut(least=0)` all hits come, and this tells which are probably relevant.',
          ),
        judged: z.int().describe('Hits that were judged.'),
        kept: z.int().describe('Hits that were kept; 0 says that nothing is probably relevant.'),
        best: z.number().describe('The greatest probability of all hits judged.'),
      })
      .optional()
      .describe('With `relevant`, or a pipeline that cuts by relevance: how the cut was made.'),
    suggestion: z
      .string()
      .optional()
      .describe('The query with words that no document has replaced by what was probably meant.'),
    words: z
      .strictObject({
        count: z.int().describe('Words that were looked for; stop words are none.'),
        missing: z.number().describe('Share of them, by rarity, that no passage holds.'),
        strange: z.number().describe("Share of those that the encoder's vocabulary does not hold either."),
      })
      .optional()
      .describe("With `explain`: what is known of the query's words."),
    trace: traceSchema,
  })
  .meta({ id: 'SearchAnswer' });
/** Hits are complete unless the request chose `fields`. */
export type SearchAnswer = Omit<z.infer<typeof searchAnswerSchema>, 'hits'> & { readonly hits: readonly Hit[] };

export const searchBatchSchema = z
  .strictObject({ searches: z.array(searchRequestSchema).min(1).max(LIMITS.batch) })
  .meta({ id: 'SearchBatch' });
export type SearchBatchInput = z.input<typeof searchBatchSchema>;

export const searchBatchAnswerSchema = z
  .strictObject({
    answers: list(z.union([searchAnswerSchema, problemSchema])).describe(
      'One for each search, in order: its answer, or the problem that it has.',
    ),
  })
  .meta({ id: 'SearchBatchAnswer' });
