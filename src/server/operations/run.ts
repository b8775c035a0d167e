import {
  bulkRequestSchema,
  type CollectionInfo,
  chooseFields,
  documentInputSchema,
  HIT_FIELDS,
  type Hit,
  LIMITS,
  nameHint,
  RETRIEVERS,
  type SearchAnswer,
  type SearchRequest,
} from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { type Collection, contextsOf, verifyCollection } from '../../collection/index.ts';
import { MEANING } from '../../corpus/index.ts';
import { completions, type PipelineInput } from '../../search/index.ts';
import { parseJson, validate } from '../validate.ts';
import { addFile } from './add-file.ts';
import { ask, context } from './answering.ts';
import { checkAnswer } from './answers.ts';
import { getDocument, getDocuments, listDocuments } from './documents.ts';
import { readEvaluation } from './evaluation.ts';
import { readFolder } from './folders.ts';
import { readFrontier } from './frontier.ts';
import type { CollectionHost } from './host.ts';
import { keepJudgement, measurePipelines, storedJudgements } from './judgements.ts';
import { placeOnMap, sampleForMap } from './map.ts';
import { embed, rerank } from './models.ts';
import { type AnswerOf, baseCapabilities, type CallOptions, type OperationName, type RequestOf } from './types.ts';

type Handlers = {
  readonly [Name in OperationName]: (
    host: CollectionHost,
    request: RequestOf<Name>,
    options: CallOptions,
  ) => Promise<AnswerOf<Name>>;
};

/** Carries out one operation in this thread, and holds its answer to what is promised of it. */
export async function runOperation<Name extends OperationName>(
  host: CollectionHost,
  name: Name,
  request: RequestOf<Name>,
  options: CallOptions = {},
): Promise<AnswerOf<Name>> {
  const answer = await handlers[name](host, request, options);
  checkAnswer(name, answer);
  return answer;
}

const handlers: Handlers = {
  search: (host, request, options) =>
    host.use(request.collection, (collection) => search(collection, request, options)),
  context: (host, request, options) =>
    host.use(request.collection, (collection) => context(collection, request, options, host.model)),
  ask: (host, request, options) =>
    host.use(request.collection, (collection) => ask(collection, request, options, host.model)),
  get: (host, request) =>
    host.use(request.collection, (collection) => getDocument(collection, host.served(request.collection), request)),
  multiGet: (host, request) =>
    host.use(request.collection, (collection) => getDocuments(collection, host.served(request.collection), request)),
  complete: (host, { collection: name, query, limit }) =>
    host.use(name, (collection) =>
      collection.read(async (corpus) => ({ completions: await completions(corpus, query, limit) })),
    ),
  list: (host, request) => host.use(request.collection, (collection) => listDocuments(collection, request)),
  info,
  folder: (host, request) => host.use(request.collection, (collection) => readFolder(collection, request)),
  contexts: async (host, { collection: name }) => contextsOf(host.served(name).directory),
  facets: (host, { collection: name, fields, disjunctive, ...request }) =>
    host.use(name, (collection) =>
      collection.facets({
        ...given(request),
        ...(fields === undefined ? {} : { fields: fields.split(',').map((field) => field.trim()) }),
        disjunctive: disjunctive === 'true',
      }),
    ),
  map: (host, request) => host.use(request.collection, (collection) => sampleForMap(collection, request)),
  mapHits: (host, request) => host.use(request.collection, (collection) => placeOnMap(collection, request)),
  judgements: async (host, { collection: name }) => storedJudgements(host.served(name)),
  judge: (host, request) =>
    writing(host, request.collection, () => keepJudgement(host.served(request.collection), request)),
  measure: (host, request, { signal }) =>
    host.use(request.collection, (collection) =>
      measurePipelines(collection, host.served(request.collection), request, signal),
    ),
  frontier: async (host, { collection: name }) => readFrontier(host.served(name)),
  evaluation: async (host, { collection: name }) => readEvaluation(host.served(name)),
  embed: (host, request, { signal }) => embed(host, request, signal),
  rerank: (host, request, { signal }) => rerank(host, request, signal),
  add: (host, { collection: name, documents }, options) =>
    writing(host, name, (collection) => collection.add(documents.map(given), addOptions(options))),
  addRaw: (host, request, options) => {
    const documents = parseDocuments(request.format, request.bytes);
    return handlers.add(host, { collection: request.collection, documents }, options);
  },
  addFile: (host, request, options) =>
    writing(host, request.collection, (collection) => addFile(collection, request, addOptions(options))),
  remove: (host, { collection: name, ids, prefix, filter }) =>
    writing(host, name, async (collection) => ({
      removed:
        filter === undefined
          ? await collection.remove(ids ?? (await collection.ids([prefix!])))
          : await collection.removeWhere(filter as string),
    })),
  sync: (host, { collection: name }, options) => {
    const { sources = [] } = host.served(name);
    if (sources.length === 0) {
      throw new InvalidArgumentError(
        'No folders were named for this collection.',
        'Start the server with --source PATH to let it read them again.',
      );
    }
    return writing(host, name, async (collection) => ({ ...(await collection.index(sources, addOptions(options))) }));
  },
  compact: (host, { collection: name, full }, { signal, onProgress }) =>
    writing(host, name, async (collection) => ({
      ...(await collection.compact({
        full,
        ...(signal === undefined ? {} : { signal }),
        onProgress: (done, total) => onProgress?.({ phase: 'merging', done, total }),
      })),
    })),
  reencode: (host, { collection: name, encoder }, { signal, onProgress }) =>
    writing(host, name, async (collection) => ({
      ...(await collection.reencode(await encoderToGive(collection, encoder), {
        ...(signal === undefined ? {} : { signal }),
        onProgress: ({ phase, done, total }) => onProgress?.({ phase, done, total }),
      })),
    })),
  verify: async (host, { collection: name }, { signal, onProgress }) => ({
    ...(await verifyCollection(host.served(name).directory, {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done, total) => onProgress?.({ phase: 'reading', done, total }),
    })),
  }),
};

/**
 * The encoder that a collection may be given from afar. One that reads a folder or sends texts to an address is begun on the
 * server's own command line: a key that allows writing allows neither.
 */
async function encoderToGive(collection: Collection, wanted: string | undefined): Promise<string> {
  const field = await collection.pendingField();
  const pending = field?.name === MEANING ? field.encoder : undefined;
  if (wanted === undefined && pending === undefined) {
    throw new InvalidArgumentError('No encoder is named, and none is on its way.', 'Name one as `encoder`.');
  }
  if (wanted === undefined || wanted === pending) return pending!;
  if (/^[a-z][a-z\d-]*$/.test(wanted)) return wanted;
  throw new InvalidArgumentError(
    `The encoder "${wanted.slice(0, 100)}" is not one that a collection may be given over the network.`,
    'Name an encoder without an address or a folder, or use `sagitta reencode` where the server runs.',
  );
}

function writing<T>(
  host: CollectionHost,
  name: string | undefined,
  work: (collection: Collection) => Promise<T>,
): Promise<T> {
  if (host.readOnly) {
    throw new InvalidArgumentError('This server only reads.', 'Start it without --read-only to write.');
  }
  return host.use(name, work);
}

async function search(collection: Collection, request: SearchRequest, options: CallOptions): Promise<SearchAnswer> {
  const { fields, facets, ...plain } = request;
  checkHitFields(fields);
  const answer = await searchPlain(collection, plain, options);
  const { query, vector, filter, language, syntax, complete } = request;
  if (facets !== undefined && request.like !== undefined) {
    throw new InvalidArgumentError('A search by `like` has no facets.', 'Leave `facets` out.');
  }
  const counted =
    facets === undefined
      ? {}
      : {
          facets: await collection.facets({
            ...given(facets),
            ...given({ query, vector, filter: filter as string | undefined, language, syntax, complete }),
          }),
        };
  const hits = fields === undefined ? answer.hits : answer.hits.map((hit) => chooseFields(hit, fields) as Hit);
  return { ...answer, hits, ...counted };
}

/** @throws InvalidArgumentError for what no hit has. */
function checkHitFields(fields: readonly string[] = []): void {
  const always = ['rank', 'score', 'id'];
  const unknown = fields.find((name) => !name.startsWith('metadata.') && ![...always, ...HIT_FIELDS].includes(name));
  if (unknown === undefined) return;
  throw new InvalidArgumentError(
    `A hit has no field "${unknown}" (${nameHint(unknown, HIT_FIELDS)}).`,
    'Metadata are chosen as `metadata.NAME`.',
  );
}

async function searchPlain(
  collection: Collection,
  request: Omit<SearchRequest, 'fields' | 'facets'>,
  { signal }: CallOptions,
): Promise<SearchAnswer> {
  const { query: asked, vector, like, filter, language, relevant, judged, collection: _, pipeline, ...rest } = request;
  // A filter alone asks for what satisfies it.
  const alone = filter !== undefined && vector === undefined && like === undefined;
  const query = asked ?? (alone ? '' : undefined);
  // The engine checks every part of filters and pipelines.
  const options = {
    ...given(rest),
    ...given({ filter: filter as string, pipeline: pipeline as PipelineInput, signal }),
  };
  const inLanguage = { ...options, ...given({ language }) };
  if (relevant === true || judged === true) {
    if (!(await collection.judgesRelevance())) {
      throw new InvalidArgumentError(
        'This collection cannot tell where relevance ends.',
        'Leave `relevant` and `judged` out; `capabilities.relevance` of a collection says whether it can.',
      );
    }
    if (query === undefined || vector !== undefined || like !== undefined) {
      throw new InvalidArgumentError('Relevance is judged of queries in words only.', 'Give `query` alone.');
    }
    return collection.searchRelevant(query, { ...inLanguage, ...(relevant === true ? {} : { least: 0 }) });
  }
  if (like !== undefined) {
    if (query !== undefined || vector !== undefined) {
      throw new InvalidArgumentError('A search has `like` and also `query` or `vector`.', 'Give one of them.');
    }
    return collection.similar(given(like), options);
  }
  if (query === undefined && vector === undefined) {
    throw new InvalidArgumentError(
      'The search names nothing to look for.',
      'Give `query`, `vector`, `like` or `filter`.',
    );
  }
  return collection.search(query ?? '', { ...inLanguage, ...given({ vector }) });
}

async function info(host: CollectionHost, { collection: name }: RequestOf<'info'>): Promise<CollectionInfo> {
  const served = host.served(name);
  const base = baseCapabilities(served, host.readOnly);
  return host.use(served.name, async (collection) => {
    const { documents, passages, bytes, segments, generation, settings } = await collection.inspect();
    const { languages, fields } = await collection.read(async (corpus) => ({
      languages: Object.fromEntries(corpus.languages),
      fields: corpus.fields.map((field) => ({
        name: field.name,
        kind: field.kind,
        of: field.of,
        ...(field.kind === 'terms' ? {} : { encoder: field.encoder }),
      })),
    }));
    const { named, standard } = await collection.pipelines();
    const capabilities = {
      ...base,
      relevance: await collection.judgesRelevance(),
      pipelines: Object.entries(named).map(([name, text]) => ({ name, text })),
      ...given({ pipeline: standard }),
    };
    return {
      name: served.name,
      state: 'ready' as const,
      ...given({ context: collection.descriptions().collection }),
      documents,
      passages,
      bytes,
      segments: segments.length,
      generation,
      encoder: settings.encoder,
      dim: settings.dim,
      fields,
      languages,
      capabilities: settings.dim === 0 ? capabilities : { ...capabilities, retrievers: RETRIEVERS },
    };
  });
}

/** The documents of a bulk request. @throws ProblemError that names the line or the field. */
function parseDocuments(format: 'json' | 'ndjson', bytes: Uint8Array): RequestOf<'add'>['documents'] {
  if (format === 'json') return validate(bulkRequestSchema, parseJson(bytes)).documents;
  const documents: RequestOf<'add'>['documents'] = [];
  let line = 0;
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end;
    line++;
    const part = bytes.subarray(from, to);
    from = to + 1;
    if (part.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) continue;
    if (documents.length === LIMITS.documents) {
      throw new InvalidArgumentError(
        `More than ${LIMITS.documents} documents in one request.`,
        'Send them in several requests.',
      );
    }
    documents.push(validate(documentInputSchema, parseJson(part, `line ${line}`), `/${line}`));
  }
  if (documents.length > 0) return documents;
  throw new InvalidArgumentError('There is no document in the request.', 'Send one JSON object a line.');
}

function addOptions({ signal, onProgress }: CallOptions): Parameters<Collection['add']>[1] {
  return {
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ phase, documents, passages, published }) =>
      onProgress?.({ phase, done: documents, passages, published }),
  };
}
