import { dirname } from 'node:path';
import { CorruptFileError, InvalidArgumentError, RemoteNotAllowedError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { BertOptions } from './bert/loaded.ts';
import type { Encoder, TermEncoder, TokenEncoder } from './encoder.ts';
import type { HfPooling } from './hf/hf.ts';
import { ownInEachThread } from './lent/own.ts';
import { parseSettings } from './spec.ts';

/** The encoder of a new collection for which none is named. */
export const DEFAULT_ENCODER = 'minilm';
/** One that encodes tens of times as many texts in the same time, for a start. */
export const QUICK_ENCODER = 'static';

/** What an encoder can do that a specification opens: vectors of texts, for some models of tokens too, for others weights of words. */
export type OpenEncoder = Encoder & Partial<TokenEncoder> & Partial<TermEncoder>;

interface Form {
  /** As it is shown to those who mistype it. */
  readonly form: string;
  /** @param rest what follows the colon. */
  open(rest: string, spec: string, how: How): Promise<OpenEncoder>;
}

/**
 * Encoders of one's own, which a specification opens as it does those that come with the software: `NAME`, or `NAME:REST`. What a
 * collection records is the `id` of the encoder, so that must be the specification.
 */
export interface EncoderKind {
  /** Letters, digits and `-`, a letter first; none of the kinds that there are. */
  readonly name: string;
  /** @param rest what follows the colon, empty without one. @param allowRemote whether it may contact another machine. */
  open(rest: string, spec: string, how: { readonly allowRemote: boolean }): OpenEncoder | Promise<OpenEncoder>;
}

/** How an encoder and those that it starts from are opened. */
interface How {
  readonly allowRemote: boolean;
  readonly kinds: readonly EncoderKind[];
  /** Trained encoders that start from the one to be opened. */
  readonly above: readonly string[];
}

/** Encoders that one may start from, one after the other. */
const LONGEST_CHAIN = 64;

/** Options of {@link openEncoder}. */
export interface OpenEncoderOptions {
  /**
   * Whether an encoder may contact another machine: `http:`, and `hf:` for a model that is not on this one. Default true, since
   * who names an encoder means it; pass false for a name that came from elsewhere, such as a collection.
   */
  readonly allowRemote?: boolean;
  /** Encoders of one's own that a specification may name. */
  readonly kinds?: readonly EncoderKind[];
}

const FORMS: Readonly<Record<string, Form>> = {
  minilm: {
    form: 'minilm',
    async open(rest, spec) {
      if (rest !== '' && !rest.startsWith('?')) throw noSuchEncoder(spec);
      const { miniLm } = await import('./bert/minilm.ts');
      return miniLm(bertSettings(spec, rest).options);
    },
  },
  bert: {
    form: 'bert:<folder>',
    async open(rest, spec) {
      const { name, options } = bertSettings(spec, rest);
      if (name === '') throw noSuchEncoder(spec);
      const { bertFolder } = await import('./bert/folder.ts');
      return bertFolder(name, options);
    },
  },
  'use-lite': {
    form: 'use-lite',
    async open(rest, spec) {
      if (rest !== '') throw noSuchEncoder(spec);
      const { useLite } = await import('./use-lite/use-lite.ts');
      return useLite();
    },
  },
  http: {
    form: 'http:<url>#<model>',
    async open(rest, spec, { allowRemote }) {
      if (!allowRemote) throw new RemoteNotAllowedError(spec);
      const cut = rest.indexOf('#');
      if (cut < 0) throw noSuchEncoder(spec);
      const { name, settings } = parseSettings(spec, rest.slice(cut + 1), ['dim', 'query', 'document']);
      const { dim, ...prefixes } = settings;
      const { httpEncoder } = await import('./http/http.ts');
      return httpEncoder({
        url: rest.slice(0, cut),
        model: name,
        prefixes,
        ...(dim === undefined ? {} : { dim: Number(dim) }),
      });
    },
  },
  hf: {
    form: 'hf:<model>',
    async open(rest, spec, { allowRemote }) {
      if (rest === '') throw noSuchEncoder(spec);
      const names = ['pooling', 'query', 'document', 'normalize', 'dtype', 'revision'] as const;
      const { name, settings } = parseSettings(spec, rest, names);
      const { pooling, query, document, normalize, ...others } = settings;
      const { hfEncoder } = await import('./hf/hf.ts');
      return hfEncoder({
        model: name,
        ...(pooling === undefined ? {} : { pooling: pooling as HfPooling }),
        ...(query === undefined ? {} : { queryPrefix: query }),
        ...(document === undefined ? {} : { documentPrefix: document }),
        normalize: normalize !== 'false',
        ...others,
        ...(allowRemote ? {} : { localOnly: true }),
      }).catch((error) => {
        // What is not on this machine cannot be loaded; the package says so in words of its own.
        throw allowRemote || !(error instanceof InvalidArgumentError) ? error : new RemoteNotAllowedError(spec);
      });
    },
  },
  tuned: {
    form: 'tuned:<folder>',
    async open(rest, spec, { above, ...how }) {
      if (rest === '') throw noSuchEncoder(spec);
      if (above.includes(spec) || above.length === LONGEST_CHAIN) {
        throw new CorruptFileError(
          rest,
          above.includes(spec) ? 'it starts from itself' : 'it starts from too many others',
        );
      }
      const { openTuned } = await import('./tuned/open.ts');
      const { locatedSpec } = await import('./tuned/description.ts');
      return openTuned(rest, spec, (base) =>
        open(locatedSpec(base, dirname(rest)), { ...how, above: [...above, spec] }),
      );
    },
  },
  uses: {
    form: 'uses:<encoder>',
    async open(rest, spec, how) {
      if (rest === '' || how.above.length === LONGEST_CHAIN) throw noSuchEncoder(spec);
      const { usesEncoder } = await import('./uses.ts');
      return usesEncoder(spec, await open(rest, { ...how, above: [...how.above, spec] }));
    },
  },
  extended: {
    form: 'extended:<encoder>',
    async open(rest, spec, how) {
      if (rest === '' || how.above.length === LONGEST_CHAIN) throw noSuchEncoder(spec);
      const { extendedEncoder } = await import('./extended/extended.ts');
      const { parseExtended } = await import('./extended/spec.ts');
      const { base, options } = parseExtended(spec, rest);
      const opened = await open(base, { ...how, above: [...how.above, spec] });
      try {
        return extendedEncoder(opened, options);
      } catch (error) {
        await opened.dispose?.();
        throw error;
      }
    },
  },
  static: {
    form: 'static',
    async open(rest, spec) {
      const { staticEncoder } = await import('./static/static.ts');
      const { readTableFile, shippedTable } = await import('./static/shipped.ts');
      if (rest !== '') return staticEncoder(spec, await readTableFile(rest));
      return ownInEachThread(staticEncoder(spec, await shippedTable()));
    },
  },
  late: {
    form: 'late',
    async open(rest, spec, how) {
      const { name, settings } = parseSettings(spec, rest, ['pool']);
      const { lateEncoder } = await import('./late/late.ts');
      const { readProjectionFile, shippedProjection } = await import('./late/shipped.ts');
      const projection = name === '' ? await shippedProjection() : await readProjectionFile(name);
      const base = await open(projection.base, how);
      const { pool } = settings;
      return lateEncoder(
        spec,
        base as Encoder & TokenEncoder,
        projection,
        pool === undefined ? {} : { pool: Number(pool) },
      );
    },
  },
  impact: {
    form: 'impact:<file>',
    async open(rest, spec, how) {
      if (rest === '') throw noSuchEncoder(spec);
      const { impactEncoder } = await import('./impact/impact.ts');
      const { readImpactHeadFile } = await import('./impact/form.ts');
      const head = await readImpactHeadFile(rest);
      return impactEncoder(spec, (await open(head.base, how)) as Encoder & TokenEncoder, head);
    },
  },
  hash: {
    form: 'hash:<dim>',
    async open(rest, spec) {
      const { name, settings } = parseSettings(spec, rest, ['seed', 'window']);
      const { seed = '0', window } = settings;
      if (!/^\d+$/.test(name) || !/^-?\d+$/.test(seed) || !/^\d*$/.test(window ?? '')) throw noSuchEncoder(spec);
      const { testEncoder } = await import('./testing.ts');
      const reads = window === undefined ? {} : { window: Number(window) };
      return testEncoder({ dim: Number(name), seed: Number(seed), ...reads });
    },
  },
};

/**
 * The encoder that a specification names. Every encoder's `id` is one, so what a manifest records can be opened again.
 * Its code is imported only now. The model of `use-lite` is loaded at the first call, that of `hf:` here; `http:` asks
 * the endpoint for one vector unless the specification says its `dim`.
 *
 * - `minilm`: all-MiniLM-L6-v2, English, 384 components (`miniLm`); settings `precision` (`int8` or `float32`), `length`
 * - `bert:<folder>`: a sentence-transformers folder of the BERT family (`bertFolder`); the same settings
 * - `use-lite`: Universal Sentence Encoder Lite, English, 512 components (`useLite`)
 * - `http:<url>#<model>`: an OpenAI-compatible endpoint (`httpEncoder`), e.g.
 *   `http:https://api.openai.com/v1/embeddings#text-embedding-3-small`; settings `?dim=&query=&document=` after the model
 * - `hf:<model>`: a model of the Hugging Face hub or a folder (`hfEncoder`), e.g. `hf:Xenova/bge-small-en-v1.5?pooling=cls`;
 *   settings `pooling`, `query`, `document`, `normalize`, `dtype`, `revision`
 * - `tuned:<folder>`: an encoder that `sagitta tune` made. In a collection's manifest, `tuned:<version>`
 *   names one of its own
 * - `static`: a table of vectors of tokens, distilled from minilm, in the package: fast and rougher (`staticEncoder`);
 *   `static:<file>` is another one
 * - `late`: token vectors of minilm in 64 components, for fields of token vectors (`lateEncoder`); `late:<file>` has a projection of one's own;
 *   setting `pool`
 * - `uses:<encoder>`: the mean of another encoder's vectors of a text's lines, each as a query, for fields of uses (`usesEncoder`): `uses:minilm`
 * - `extended:<encoder>`: another encoder that reads longer texts than it was trained for (`extendedEncoder`): `extended:minilm?window=1024`; settings `window`, `positions`
 * - `impact:<file>`: weights of words by a head over token vectors, for fields of impacts (`impactEncoder`)
 * - `hash:<dim>`: hashed words, for tests (`testEncoder`); settings `seed`, `window`
 *
 * @throws InvalidArgumentError for anything else. MissingPackageError when a package that it needs is not installed.
 * RemoteNotAllowedError; CorruptFileError for a trained encoder that is damaged, or starts from itself.
 */
export async function openEncoder(
  spec: string,
  { allowRemote = true, kinds = [] }: OpenEncoderOptions = {},
): Promise<OpenEncoder> {
  return open(spec, { allowRemote, kinds, above: [] });
}

/** @throws InvalidArgumentError for a name that cannot be that of a kind of encoders. */
export function checkEncoderKind({ name }: EncoderKind): void {
  if (/^[a-z][\w-]*$/i.test(name) && name !== 'none' && !Object.hasOwn(FORMS, name)) return;
  throw new InvalidArgumentError(
    `"${name}" cannot be the name of a kind of encoders.`,
    'Use letters, digits and "-", a letter first, and no name that there is.',
  );
}

async function open(spec: string, how: How): Promise<OpenEncoder> {
  const [, kind = '', colon, rest = ''] = /^([^:?]*)(:?)(.*)$/s.exec(spec)!;
  const own = how.kinds.find(({ name }) => name === kind);
  if (own !== undefined) {
    const encoder = await own.open(rest, spec, { allowRemote: how.allowRemote });
    if (encoder.id === spec) return encoder;
    throw new InvalidArgumentError(
      `The encoder "${spec}" says that it is "${encoder.id}".`,
      'Let its `id` be the specification that it was opened by: collections record it.',
    );
  }
  if (!Object.hasOwn(FORMS, kind) || (colon === ':' && rest === '')) throw noSuchEncoder(spec, how.kinds);
  return FORMS[kind]!.open(rest, spec, how);
}

function bertSettings(spec: string, rest: string): { name: string; options: BertOptions } {
  const { name, settings } = parseSettings(spec, rest, ['precision', 'length']);
  const { precision = 'int8', length } = settings;
  if (precision !== 'int8' && precision !== 'float32') {
    throw new InvalidArgumentError(
      `The encoder "${spec}" has an unknown precision "${precision}".`,
      'Use int8 or float32.',
    );
  }
  return { name, options: { precision, ...(length === undefined ? {} : { maxLength: Number(length) }) } };
}

function noSuchEncoder(spec: string, kinds: readonly EncoderKind[] = []): InvalidArgumentError {
  const colon = spec.indexOf(':');
  const own = kinds.map(({ name }) => name);
  const meant = nearest(colon < 0 ? spec : spec.slice(0, colon), [...Object.keys(FORMS), ...own]);
  return new InvalidArgumentError(
    `There is no encoder "${spec}".${meant === undefined ? '' : ` Did you mean ${FORMS[meant]?.form ?? meant}?`}`,
    `Give one of: none, ${[...Object.values(FORMS).map(({ form }) => form), ...own].join(', ')}.`,
  );
}
