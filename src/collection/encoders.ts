import { join } from 'node:path';
import { IncompatibleError } from '../base/errors.ts';
import type { Encoder } from '../encode/encoder.ts';
import { locatedSpec } from '../encode/tuned/description.ts';
import { ENCODERS } from './encoder-versions.ts';

/** The encoders that a collection object works with: those it was given, and the one that it opened itself. */
export class CollectionEncoders {
  /** By id; given by the caller, who also disposes of them. */
  readonly #given = new Map<string, Encoder>();
  /** Whether encoders that were not given are opened by their id. */
  #opens: boolean;
  #loaded: { readonly id: string; readonly encoder: Promise<Encoder> } | undefined;
  /** Encoders of earlier states, freed at the end. */
  #retired: Promise<Encoder>[] = [];

  constructor(
    readonly directory: string,
    given: Encoder | undefined,
    private readonly allowRemote: boolean,
    private readonly openSpec: (spec: string, options: { readonly allowRemote: boolean }) => Promise<Encoder>,
  ) {
    if (given !== undefined) this.#given.set(given.id, given);
    this.#opens = given === undefined;
  }

  /** Folder of the encoders that were trained for this collection. */
  get versions(): string {
    return join(this.directory, ENCODERS);
  }

  /** From now on the collection may have this encoder as well, which the caller disposes of; or any, opened by its id. */
  admit(encoder: Encoder | 'any'): void {
    if (encoder === 'any') this.#opens = true;
    else this.#given.set(encoder.id, encoder);
  }

  /** An encoder that was admitted is not to be used any more, since the collection did not get it. */
  dismiss(encoder: Encoder): void {
    if (this.#given.get(encoder.id) === encoder) this.#given.delete(encoder.id);
  }

  /**
   * Opens an encoder, for the caller to dispose of.
   * @param spec not `none`. @param named whether the user named it, which agrees to what it contacts. Default false.
   */
  open(spec: string, named = false): Promise<Encoder> {
    return this.openSpec(locatedSpec(spec, this.versions), { allowRemote: named || this.allowRemote });
  }

  /**
   * The encoder of a state: another process may have put a new one in place since the collection was opened.
   * @param id as the manifest has it. @returns undefined for `none`.
   */
  async of(id: string): Promise<Encoder | undefined> {
    if (id === 'none') return undefined;
    const given = this.#given.get(id);
    if (given !== undefined) return given;
    if (!this.#opens) {
      const [first] = this.#given.keys();
      throw new IncompatibleError(
        `The collection in ${this.directory} now has the encoder "${id}", and was opened with "${first}".`,
        'Open it again without an encoder.',
      );
    }
    if (this.#loaded?.id !== id) {
      const encoder = this.open(id).catch((error) => {
        // The next call may find the endpoint or the package back.
        if (this.#loaded?.encoder === encoder) this.#loaded = undefined;
        throw error;
      });
      this.#load(id, encoder);
    }
    return this.#loaded!.encoder;
  }

  /** Takes over an encoder that was opened here, under the id that the manifest has for it. */
  keep(id: string, encoder: Encoder): void {
    if (this.#given.has(id) || this.#loaded?.id === id) this.#retired.push(Promise.resolve(encoder));
    else this.#load(id, Promise.resolve(encoder));
  }

  /** Frees what was opened here. */
  async dispose(): Promise<void> {
    const open = [...this.#retired, ...(this.#loaded === undefined ? [] : [this.#loaded.encoder])];
    this.#loaded = undefined;
    this.#retired = [];
    for (const encoder of await Promise.allSettled(open)) {
      if (encoder.status === 'fulfilled') await encoder.value.dispose?.();
    }
  }

  #load(id: string, encoder: Promise<Encoder>): void {
    // Searches under way may still use the one before; it is freed when they are done with it.
    if (this.#loaded !== undefined) this.#retired.push(this.#loaded.encoder);
    this.#loaded = { id, encoder };
  }
}
