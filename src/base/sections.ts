/**
 * Named byte ranges, the form in which an index is saved. A builder returns a `SectionData`; opening takes a
 * `SectionSource`, which may be a file that is read (and whose checksums are verified) only where it is touched.
 */
export type SectionData = ReadonlyMap<string, Uint8Array>;

/** Reads sections. Implementations verify checksums and throw `CorruptFileError` rather than return wrong bytes. */
export interface SectionSource {
  has(name: string): boolean;
  /** Bytes in section `name`; 0 if it does not exist. */
  size(name: string): number;
  /** Fills `target` with the section's bytes from `offset` on. The range must lie inside the section. */
  readInto(name: string, target: Uint8Array, offset?: number): void;
}

/** The whole section as a fresh, 8-byte aligned array. */
export function readSection(source: SectionSource, name: string): Uint8Array {
  const bytes = new Uint8Array(source.size(name));
  source.readInto(name, bytes);
  return bytes;
}

/** Sections held in memory: what a builder made, opened without a file. */
export class MemorySections implements SectionSource {
  constructor(private readonly sections: SectionData) {}

  has(name: string): boolean {
    return this.sections.has(name);
  }

  size(name: string): number {
    return this.sections.get(name)?.byteLength ?? 0;
  }

  readInto(name: string, target: Uint8Array, offset = 0): void {
    target.set(this.sections.get(name)!.subarray(offset, offset + target.byteLength));
  }
}

/** Takes sections one after another, so that an index may be written without being held in memory. */
export interface SectionSink {
  /** Starts a section of `bytes` bytes; what is written from now on belongs to it. */
  begin(name: string, bytes: number): void;
  /** Appends to the section begun last. The bytes are taken before it returns: the caller may reuse the array. */
  write(bytes: Uint8Array): void;
}

/** A sink that keeps the sections in memory. */
export class SectionCollector implements SectionSink {
  /** What was written so far. */
  readonly sections = new Map<string, Uint8Array>();
  #current = new Uint8Array(0);
  #used = 0;

  begin(name: string, bytes: number): void {
    this.#current = new Uint8Array(bytes);
    this.#used = 0;
    this.sections.set(name, this.#current);
  }

  write(bytes: Uint8Array): void {
    this.#current.set(bytes, this.#used);
    this.#used += bytes.byteLength;
  }
}
