import { join } from 'node:path';
import { IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { MEANING } from '../corpus/index.ts';
import type { Encoder, TermEncoder, TokenEncoder } from '../encode/encoder.ts';
import type { OpenEncoder } from '../encode/registry.ts';
import { locatedSpec } from '../encode/tuned/description.ts';
import { ENCODERS } from '../store/local/beside.ts';
import type { VectorFieldSettings } from '../store/types.ts';

/** An encoder that a program gives: of texts, of tokens, of words, or of several of them. */
export type GivenEncoder = Encoder | TokenEncoder | TermEncoder | OpenEncoder;

/** How a collection object comes to its encoders. */
export interface EncoderSources {
  /** The encoder of `meaning`, if the caller gave one; he also disposes of it, as of the others. */
  readonly meaning: Encoder | undefined;
  /** Of further fields, by their ids. */
  readonly others: readonly GivenEncoder[];
  /** Whether encoders that nobody named may contact another machine. */
  readonly allowRemote: boolean;
  /** Whether the user named the encoder of `meaning` when he opened the collection: he agreed to what it contacts. */
  readonly named: boolean;
  readonly openSpec: (spec: string, options: { readonly allowRemote: boolean }) => Promise<OpenEncoder>;
}

/** The encoders that a collection object works with: those it was given, and those that it opened itself. */
export class CollectionEncoders {
  /** By id; given by the caller, who also disposes of them. */
  readonly #given = new Map<string, GivenEncoder>();
  readonly #sources: EncoderSources;
  /** Whether an encoder of `meaning` that was not given is opened by its id. */
  #opens: boolean;
  /** Opened here by their ids, and freed at the end: searches under way may still use one that the collection has no more. */
  readonly #opened = new Map<string, Promise<OpenEncoder>>();
  readonly #spare: OpenEncoder[] = [];

  constructor(
    readonly directory: string,
    sources: EncoderSources,
  ) {
    this.#sources = sources;
    const { meaning, others } = sources;
    for (const encoder of meaning === undefined ? others : [meaning, ...others]) this.#given.set(encoder.id, encoder);
    this.#opens = meaning === undefined;
  }

  /** Folder of the encoders that were trained for this collection. */
  get versions(): string {
    return join(this.directory, ENCODERS);
  }

  /** From now on the collection may have this encoder as well, which the caller disposes of; or any, opened by its id. */
  admit(encoder: GivenEncoder | 'any'): void {
    if (encoder === 'any') this.#opens = true;
    else this.#given.set(encoder.id, encoder);
  }

  /** An encoder that was admitted is not to be used any more, since the collection did not get it. */
  dismiss(encoder: GivenEncoder): void {
    if (this.#given.get(encoder.id) === encoder) this.#given.delete(encoder.id);
  }

  /**
   * Opens an encoder, for the caller to dispose of.
   * @param spec not `none`. @param named whether the user named it, which agrees to what it contacts. Default: as that of `meaning`.
   */
  open(spec: string, named = this.#sources.named): Promise<OpenEncoder> {
    const { allowRemote, openSpec } = this.#sources;
    return openSpec(locatedSpec(spec, this.versions), { allowRemote: named || allowRemote });
  }

  /**
   * The encoder of `meaning` in a state: another process may have put a new one in place since the collection was opened.
   * @param id as the manifest has it. @returns undefined for `none`.
   */
  async of(id: string): Promise<Encoder | undefined> {
    if (id === 'none') return undefined;
    const given = this.#given.get(id);
    if (given !== undefined && 'encode' in given) return given;
    if (!this.#opens) {
      const first = this.#sources.meaning?.id;
      throw new IncompatibleError(
        `The collection in ${this.directory} now has the encoder "${id}", and was opened with "${first}".`,
        'Open it again without an encoder.',
      );
    }
    return this.#open(id, this.#sources.named);
  }

  /**
   * The encoder of a field.
   * @throws IncompatibleError when nobody knows it here, or it does not give what the field holds.
   */
  async ofField({ name, kind, encoder: id }: VectorFieldSettings): Promise<Encoder & TokenEncoder & TermEncoder> {
    const encoder =
      name === MEANING
        ? await this.of(id)
        : (this.#given.get(id) ??
          (await this.#open(id, false).catch((error: unknown) => {
            if (!(error instanceof InvalidArgumentError)) throw error;
            throw new IncompatibleError(
              `The field "${name}" has the encoder "${id}", which is not known here: ${error.message}`,
              `Give it as one of \`encoders\` where the collection is opened, or take the field away (\`sagitta remove-field ${name}\`).`,
            );
          })));
    if (encoder === undefined) {
      throw new IncompatibleError(
        `The field "${name}" holds vectors, and its encoder is "${id}", which makes none: the manifest was changed by hand.`,
        'Take the manifest back from a copy, or index again into a new collection.',
      );
    }
    checkGives(encoder, kind, name);
    return encoder as Encoder & TokenEncoder & TermEncoder;
  }

  /** Takes over an encoder that was opened here, under the id that the manifest has for it. */
  keep(id: string, encoder: OpenEncoder): void {
    if (this.#given.has(id) || this.#opened.has(id)) this.#spare.push(encoder);
    else this.#opened.set(id, Promise.resolve(encoder));
  }

  /** Frees what was opened here. */
  async dispose(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    const loaded = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const encoder of [...loaded, ...this.#spare.splice(0)]) await encoder.dispose?.();
  }

  #open(id: string, named: boolean): Promise<OpenEncoder> {
    const before = this.#opened.get(id);
    if (before !== undefined) return before;
    const encoder = this.open(id, named).catch((error: unknown) => {
      // The next call may find the endpoint or the package back.
      if (this.#opened.get(id) === encoder) this.#opened.delete(id);
      throw error;
    });
    this.#opened.set(id, encoder);
    return encoder;
  }
}

/** What an encoder does for a field of a kind, what the field is to have of it, and which encoders do it. */
const GIVES: Readonly<Record<VectorFieldSettings['kind'], readonly [method: string, has: string, remedy: string]>> = {
  vector: ['encode', 'one vector for each passage', 'Make it a field of another kind, or take another encoder.'],
  vectors: [
    'encodeTokens',
    'a vector for each token',
    'Take late, minilm, bert:FOLDER, hf:MODEL or use-lite, or a field of the kind "vector".',
  ],
  impacts: ['weigh', 'impacts of terms', 'Take impact:FILE, or have one trained (`sagitta tune --what impact`).'],
};

/** @throws IncompatibleError when an encoder does not give what a field of this kind holds. */
export function checkGives(encoder: GivenEncoder, kind: VectorFieldSettings['kind'], field: string): void {
  const [method, has, remedy] = GIVES[kind];
  if (method in encoder) return;
  const gives = Object.values(GIVES).flatMap(([other, what]) => (other in encoder ? [what] : []));
  throw new IncompatibleError(
    `The field "${field}" is to have ${has}, and the encoder "${encoder.id}" gives ${gives.join(', and ') || 'none'} only.`,
    remedy,
  );
}
