import { CorruptFileError, IncompatibleError, InvalidArgumentError } from '../../base/errors.ts';
import type { Hits } from '../../base/hits.ts';
import { readSection, type SectionData, type SectionSource } from '../../base/sections.ts';
import { VectorSets, type Vectors } from '../../base/vectors.ts';
import { createFde, type FixedDimensionalEncoding } from '../../codec/index.ts';
import { type BuildOptions, buildIndex, openIndex } from '../build.ts';
import type { IvfOpenOptions } from '../ivf/ivf.ts';
import { formatSpec, parseSpec } from '../spec.ts';
import type { VectorIndex, VectorSearchParams } from '../vector-index.ts';

/** Says what makes vectors of sets: JSON, `{version, spec, dim}`. */
const HEADER = 'sets.header';
const VERSION = 1;

/** Options of {@link buildSetIndex}. */
export type SetBuildOptions = Omit<BuildOptions, 'sample' | 'metric' | 'codec' | 'centroids'>;

/**
 * Sets of vectors, such as one for each token of a text, to be searched by late interaction: the scores of hits, divided by `encoding.reps`, are about
 * the MaxSim of query and item (MUVERA, see {@link FixedDimensionalEncoding}). What it returns are candidates for exact MaxSim.
 */
export class SetIndex {
  constructor(
    readonly encoding: FixedDimensionalEncoding,
    /** Of the encodings, one vector for each set, by inner product. */
    readonly index: VectorIndex,
  ) {}

  /** The specification in canonical form. */
  get spec(): string {
    return `${this.encoding.spec},${this.index.spec}`;
  }

  /** Adds sets, at any time. @param ids one for each, none of which the index has. Default: the next free numbers. */
  add(sets: VectorSets, ids?: Uint32Array): void {
    this.index.add(this.encoding.encodeDocuments(sets), ids);
  }

  /** Removes items; returns how many there were. */
  remove(ids: Uint32Array): number {
    return this.index.remove(ids);
  }

  /** @param query vectors of one query, at least one. @throws InvalidArgumentError for none, and for another dimension. */
  search(query: Vectors, params: VectorSearchParams): Hits {
    if (query.count === 0) throw new InvalidArgumentError('The query has no vectors.', 'Ask for at least one word.');
    const encoded = this.encoding.encodeQueries(new VectorSets(query, Uint32Array.of(0, query.count)));
    return this.index.search(encoded.row(0), params);
  }

  /** Everything, as sections for {@link openSetIndex}. */
  save(): SectionData {
    const header = { version: VERSION, spec: this.encoding.spec, dim: this.encoding.dim };
    return new Map([...this.index.save(), [HEADER, new TextEncoder().encode(JSON.stringify(header))]]);
  }
}

/**
 * Learns an index from sets of vectors and fills it with them: `buildSetIndex('fde(reps=20,bits=4),ivf256,pq320x4', tokens)`. The part
 * `fde(...)` comes first; what follows is of its encodings, which have `reps * 2^bits * dim` components.
 *
 * @throws InvalidArgumentError for a specification without `fde`, and as `buildIndex` does.
 */
export async function buildSetIndex(spec: string, sets: VectorSets, options: SetBuildOptions = {}): Promise<SetIndex> {
  const parsed = parseSpec(spec);
  if (parsed.sets === undefined) {
    throw new InvalidArgumentError(
      `"${spec}" does not say how a set of vectors becomes one.`,
      `Write, for example, \`fde(reps=20),${formatSpec(parsed)}\`.`,
    );
  }
  const encoding = createFde(parsed.sets, sets.vectors.dim);
  const index = await buildIndex({ ...parsed, sets: undefined }, encoding.encodeDocuments(sets), options);
  return new SetIndex(encoding, index);
}

/** Opens what {@link SetIndex.save} gave. @throws CorruptFileError @throws IncompatibleError */
export function openSetIndex(source: SectionSource, options: IvfOpenOptions = {}): SetIndex {
  if (!source.has(HEADER)) throw new CorruptFileError(HEADER, 'it is missing');
  const index = openIndex(source, options);
  const encoding = encodingOf(readSection(source, HEADER));
  if (encoding.outDim !== index.dim) {
    throw new CorruptFileError(
      HEADER,
      `encodings of ${encoding.outDim} components are not in an index of ${index.dim}`,
    );
  }
  return new SetIndex(encoding, index);
}

function encodingOf(bytes: Uint8Array): FixedDimensionalEncoding {
  let header: { readonly version?: unknown; readonly spec?: unknown; readonly dim?: unknown };
  try {
    header = JSON.parse(new TextDecoder().decode(bytes)) as typeof header;
  } catch (cause) {
    throw new CorruptFileError(HEADER, 'it is not JSON', undefined, { cause });
  }
  const { version, spec, dim } = header;
  if (version !== VERSION) {
    throw new IncompatibleError(
      `The index of sets was saved in format ${String(version)}; this version of Sagitta reads format ${VERSION}.`,
      'Build the index again, or use the version that made it.',
    );
  }
  try {
    // Whatever the encodings are coded by does not matter here.
    return createFde(parseSpec(`${String(spec)},f16`).sets!, Number(dim));
  } catch (cause) {
    throw new CorruptFileError(HEADER, `"${String(spec)}" of ${String(dim)} components is no encoding`, undefined, {
      cause,
    });
  }
}
