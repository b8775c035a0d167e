import { RETRIEVERS } from '../../api/common.ts';
import type { CollectionInfo, SearchAnswer, SearchRequest } from '../../api/index.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Collection } from '../../collection/collection.ts';
import { contextsOf } from '../../collection/contexts.ts';
import { pipelineWithTurns } from '../../collection/turns.ts';
import { verifyCollection } from '../../collection/verify.ts';
import { MEANING } from '../../corpus/index.ts';
import { completions, type PipelineInput } from '../../search/index.ts';
import type { CollectionHost } from './host.ts';
import { type AnswerOf, baseCapabilities, type CallOptions, type OperationName, type RequestOf } from './types.ts';

type Handlers = {
  readonly [Name in OperationName]: (
    host: CollectionHost,
    request: RequestOf<Name>,
    options: CallOptions,
  ) => Promise<AnswerOf<Name>>;
};

/** Carries out one operation in this thread. */
export function runOperation<Name extends OperationName>(
  host: CollectionHost,
  name: Name,
  request: RequestOf<Name>,
  options: CallOptions = {},
): Promise<AnswerOf<Name>> {
  return handlers[name](host, request, options);
}

/** What the first answer of an agent's server does not need is loaded when somebody asks for it. */
const handlers: Handlers = {
  search: (host, request, options) =>
    host.use(request.collection, (collection) => search(collection, request, options)),
  context: async (host, request, options) => {
    const { context } = await import('./answering.ts');
    return host.use(request.collection, (collection) => context(collection, request, options, host.model));
  },
  ask: async (host, request, options) => {
    const { ask } = await import('./answering.ts');
    return host.use(request.collection, (collection) => ask(collection, request, options, host.model));
  },
  get: async (host, request) => {
    const { getDocument } = await import('./documents.ts');
    return host.use(request.collection, (collection) =>
      getDocument(collection, host.served(request.collection), request),
    );
  },
  multiGet: async (host, request) => {
    const { getDocuments } = await import('./documents.ts');
    return host.use(request.collection, (collection) =>
      getDocuments(collection, host.served(request.collection), request),
    );
  },
  complete: (host, { collection: name, query, limit }) =>
    host.use(name, (collection) =>
      collection.read(async (corpus) => ({ completions: await completions(corpus, query, limit) })),
    ),
  suggest: (host, { collection: name, text, filter, pipeline, ...request }, { signal }) =>
    host.use(name, (collection) =>
      collection.suggestValues(text, {
        ...given(request),
        ...given({ filter: filter as string | undefined, pipeline: pipeline as PipelineInput | undefined, signal }),
        field: request.field,
      }),
    ),
  list: async (host, request) => {
    const { listDocuments } = await import('./documents.ts');
    return host.use(request.collection, (collection) => listDocuments(collection, request));
  },
  info,
  folder: async (host, request) => {
    const { readFolder } = await import('./folders.ts');
    return host.use(request.collection, (collection) => readFolder(collection, request));
  },
  contexts: async (host, { collection: name }) => contextsOf(host.served(name).directory),
  facets: (host, { collection: name, fields, disjunctive, ...request }) =>
    host.use(name, (collection) =>
      collection.facets({
        ...given(request),
        ...(fields === undefined ? {} : { fields: fields.split(',').map((field) => field.trim()) }),
        disjunctive: disjunctive === 'true',
      }),
    ),
  map: async (host, request) => {
    const { sampleForMap } = await import('./map.ts');
    return host.use(request.collection, (collection) => sampleForMap(collection, request));
  },
  mapHits: async (host, request) => {
    const { placeOnMap } = await import('./map.ts');
    return host.use(request.collection, (collection) => placeOnMap(collection, request));
  },
  judgements: async (host, { collection: name }) =>
    (await import('./judgements.ts')).storedJudgements(host.served(name)),
  judge: async (host, request) => {
    const { keepJudgement } = await import('./judgements.ts');
    return writing(host, request.collection, (collection) =>
      keepJudgement(host.served(request.collection), request, collection),
    );
  },
  measure: async (host, request, { signal }) => {
    const { measurePipelines } = await import('./judgements.ts');
    return host.use(request.collection, (collection) =>
      measurePipelines(collection, host.served(request.collection), request, signal),
    );
  },
  frontier: async (host, { collection: name }) => (await import('./frontier.ts')).readFrontier(host.served(name)),
  evaluation: async (host, { collection: name }) => (await import('./evaluation.ts')).readEvaluation(host.served(name)),
  embed: async (host, request, { signal }) => (await import('./models.ts')).embed(host, request, signal),
  rerank: async (host, request, { signal }) => (await import('./models.ts')).rerank(host, request, signal),
  add: (host, { collection: name, documents }, options) =>
    writing(host, name, (collection) => collection.add(documents.map(given), addOptions(options))),
  addRaw: async (host, request, options) => {
    const { parseDocuments } = await import('./bulk.ts');
    const documents = parseDocuments(request.format, request.bytes);
    return handlers.add(host, { collection: request.collection, documents }, options);
  },
  addFile: async (host, request, options) => {
    const { addFile } = await import('./add-file.ts');
    return writing(host, request.collection, (collection) => addFile(collection, request, addOptions(options)));
  },
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
  // It needs no writer before its end, as little as `verify` does: both are under way at once.
  reencode: (host, { collection: name, encoder }, { signal, onProgress }) =>
    writing(host, name, async (collection) => {
      onProgress?.({ phase: 'encoding', done: 0 });
      return {
        ...(await collection.reencode(await encoderToGive(collection, encoder), {
          ...(signal === undefined ? {} : { signal }),
          onProgress: ({ phase, done, total }) => onProgress?.({ phase, done, total }),
        })),
      };
    }),
  verify: async (host, { collection: name }, { signal, onProgress }) => {
    onProgress?.({ phase: 'reading', done: 0 });
    return {
      ...(await verifyCollection(host.served(name).directory, {
        ...(signal === undefined ? {} : { signal }),
        onProgress: (done, total) => onProgress?.({ phase: 'reading', done, total }),
      })),
    };
  },
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
  const choice = fields === undefined ? undefined : await import('./hit-fields.ts');
  choice?.checkHitFields(fields!);
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
  const hits = choice === undefined ? answer.hits : choice.chosenFields(answer.hits, fields!);
  return { ...answer, hits, ...counted };
}

async function searchPlain(
  collection: Collection,
  request: Omit<SearchRequest, 'fields' | 'facets'>,
  { signal }: CallOptions,
): Promise<SearchAnswer> {
  const {
    query: asked,
    vector,
    like,
    unlike,
    likeBy,
    filter,
    language,
    relevant,
    judged,
    collection: _,
    pipeline: chosen,
    turns,
    retriever,
    ...rest
  } = request;
  // A filter alone asks for what satisfies it.
  const alone = filter !== undefined && vector === undefined && like === undefined;
  const query = asked ?? (alone ? '' : undefined);
  // The engine checks every part of filters and pipelines.
  const steps =
    turns !== undefined && turns.length > 0 && like === undefined
      ? { pipeline: await pipelineWithTurns(collection, (chosen as PipelineInput | undefined) ?? retriever) }
      : given({ pipeline: chosen as PipelineInput | undefined, retriever });
  const options = { ...given(rest), ...given({ filter: filter as string, turns, signal }), ...steps };
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
    for (const beside of ['turns', 'language'] as const) {
      if (request[beside] === undefined) continue;
      throw new InvalidArgumentError(`A search by \`like\` has no use for \`${beside}\`.`, `Leave \`${beside}\` out.`);
    }
    const references = 'id' in like ? given(like) : like.map((one) => given(one));
    return collection.similar(references, {
      ...options,
      ...given({ by: likeBy, unlike: unlike?.map((one) => given(one)) }),
    });
  }
  if (unlike !== undefined || likeBy !== undefined) {
    const name = unlike === undefined ? 'likeBy' : 'unlike';
    throw new InvalidArgumentError(`A search has \`${name}\` without \`like\`.`, 'Give `like` as well.');
  }
  if (query === undefined && vector === undefined) {
    throw new InvalidArgumentError(
      'The search names nothing to look for.',
      'Give `query`, `vector`, `like` or `filter`.',
    );
  }
  if (vector !== undefined && !Number.isFinite(Math.fround(vector.reduce((sum, value) => sum + value * value, 0)))) {
    throw new InvalidArgumentError(
      'The vector is so long that its products are not finite.',
      'Divide it by its length: encoders give vectors of length 1.',
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

function addOptions({ signal, onProgress }: CallOptions): Parameters<Collection['add']>[1] {
  return {
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ phase, documents, passages, published }) =>
      onProgress?.({ phase, done: documents, passages, published }),
  };
}
