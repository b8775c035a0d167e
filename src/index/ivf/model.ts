import { CorruptFileError, InvalidArgumentError } from '../../base/errors.ts';
import type { SectionData, SectionSource } from '../../base/sections.ts';
import { Vectors } from '../../base/vectors.ts';
import { ChainCodec, type Codec, openCodec, saveCodec, type TrainOptions } from '../../codec/index.ts';
import type { Metric } from '../../math/index.ts';
import { formatPart, type SpecPart } from '../../spec/index.ts';
import { checkRows, checkScale } from '../checks.ts';
import { formatCode, formatSpec, type IndexSpec, parseSpec, setting } from '../spec.ts';
import { asCorrupt, bytesOf, decodeModelHeader, encodeModelHeader, ModelSection, readFloats } from './format.ts';
import { normalise } from './items.ts';
import { type IvfParts, trainParts } from './train.ts';

export interface IvfTrainOptions extends TrainOptions {
  /** Default `ip`. */
  readonly metric?: Metric;
  /**
   * Models that learned from the same vectors: transforms and lists of the first that has the same are taken over, and only codes (and a
   * rotation for them) are learned.
   */
  readonly like?: readonly IvfModel[];
  /**
   * A codec that is trained already, such as `distillCodec` of `sagitta-search/train` gives: its transforms and codes are taken over. The
   * specification must be that of the codec; lists need `centroids` besides.
   */
  readonly codec?: Codec;
  /** Centroids of the lists, one row each, as the codec's transforms make vectors; `distillIndex` gives both. */
  readonly centroids?: Vectors;
}

const CODEC_PREFIX = 'model.';
const REFINE_PREFIX = 'model.refine.';

/**
 * What an index learns before it holds anything: transforms, the lists' centroids, codebooks. Immutable, and independent of the
 * vectors that are indexed with it: the segments of a collection share one, so that their scores compare and a new segment needs
 * no training.
 */
export class IvfModel {
  /** The specification in canonical form. */
  readonly spec: string;
  /** Components of a vector. */
  readonly dim: number;
  readonly lists: number;
  /** Whether codes are of what is left after the list's centroid. */
  readonly residual: boolean;
  /** Whether every vector is in two lists. */
  readonly spill: boolean;
  #fingerprint: number | undefined;

  private constructor(
    readonly parsed: IndexSpec,
    readonly metric: Metric,
    readonly parts: IvfParts,
  ) {
    this.spec = formatSpec(parsed);
    this.dim = parts.transforms[0]?.dim ?? parts.quantizer.dim;
    this.lists = parts.coarse.centroids.count;
    const { lists } = parsed;
    this.residual = lists !== undefined && setting(lists, 'residual') === 1;
    this.spill = lists !== undefined && this.lists > 1 && setting(lists, 'spill') === 1;
  }

  /**
   * Learns from a sample. A few hundred vectors for each list are plenty.
   *
   * @param sample vectors like those that will be added; at least as many as lists.
   * @throws InvalidArgumentError for a specification with a mistake, a sample that is too small or not finite, and zero vectors
   * under cosine.
   */
  static async train(sample: Vectors, spec: string | IndexSpec, options: IvfTrainOptions = {}): Promise<IvfModel> {
    const parsed = typeof spec === 'string' ? parseSpec(spec) : spec;
    if (parsed.sets !== undefined) {
      throw new InvalidArgumentError(
        `\`${formatPart(parsed.sets)}\` makes one vector of a set, and these are vectors.`,
        'Leave it out, or build an index of sets with `buildSetIndex`.',
      );
    }
    const metric = options.metric ?? 'ip';
    const { centroids } = options;
    const codec =
      options.codec === undefined || options.codec instanceof ChainCodec
        ? options.codec
        : new ChainCodec([], options.codec);
    if (codec !== undefined) checkCodec(codec, parsed, sample.dim, centroids);
    else if (centroids !== undefined) {
      throw new InvalidArgumentError('Centroids are given without a codec.', 'Give the codec they were learned with.');
    }
    checkRows(sample, sample.dim, 'training vectors');
    const rows = metric === 'cosine' ? normalise(sample, 'training vector') : sample;
    checkScale(rows, 'training vectors');
    const known = options.like?.find((model) => model.#sharesLists(parsed, metric, sample.dim))?.parts;
    return new IvfModel(parsed, metric, await trainParts(rows, parsed, metric, options, known, codec, centroids));
  }

  /** Whether lists and transforms are those of the specification, but for a rotation learned for the codes, which may follow. */
  #sharesLists({ transforms, lists }: IndexSpec, metric: Metric, dim: number): boolean {
    const own = this.parsed;
    const names = (parts: readonly SpecPart[]) => parts.map(formatPart).join(',');
    const last = transforms.length - 1;
    const before = transforms[last]?.name === 'opq' ? transforms.slice(0, last) : transforms;
    return (
      metric === this.metric &&
      dim === this.dim &&
      names(before) === names(own.transforms) &&
      names(lists === undefined ? [] : [lists]) === names(own.lists === undefined ? [] : [own.lists])
    );
  }

  /** Opens what {@link save} gave. @throws CorruptFileError @throws IncompatibleError */
  static open(source: SectionSource): IvfModel {
    const header = decodeModelHeader(source);
    const parsed = asCorrupt(ModelSection.header, () => parseSpec(header.spec));
    const codec = openCodec(source, CODEC_PREFIX);
    const chain = codec instanceof ChainCodec ? codec : undefined;
    const quantizer = chain?.quantizer ?? codec;
    const refine = Array.isArray(parsed.refine) ? openCodec(source, REFINE_PREFIX) : undefined;
    if (codec.dim !== header.dim || (refine !== undefined && refine.dim !== header.dim)) {
      throw new CorruptFileError(ModelSection.header, `its codecs have ${codec.dim} components, it has ${header.dim}`);
    }
    const lists = parsed.lists?.numbers[0] ?? 1;
    if (lists !== header.lists) {
      throw new CorruptFileError(ModelSection.header, `it has ${header.lists} lists, its specification ${lists}`);
    }
    const centroids = readFloats(source, ModelSection.centroids, lists * quantizer.dim);
    return new IvfModel(parsed, header.metric, {
      transforms: chain?.transforms ?? [],
      quantizer,
      refine,
      coarse: {
        centroids: new Vectors(centroids, quantizer.dim),
        spreads: readFloats(source, ModelSection.spreads, lists),
        reach: header.reach,
      },
      error: header.error,
      margin: header.margin,
    });
  }

  /** Everything that {@link open} needs. */
  save(): SectionData {
    const { transforms, quantizer, refine, coarse, error, margin } = this.parts;
    const { spec, metric, dim, lists } = this;
    return new Map([
      [ModelSection.header, encodeModelHeader({ spec, metric, dim, lists, reach: coarse.reach, margin, error })],
      ...saveCodec(transforms.length === 0 ? quantizer : new ChainCodec(transforms, quantizer), CODEC_PREFIX),
      ...(refine === undefined ? [] : saveCodec(refine, REFINE_PREFIX)),
      [ModelSection.centroids, bytesOf(coarse.centroids.data)],
      [ModelSection.spreads, bytesOf(coarse.spreads)],
    ]);
  }

  /** A number that tells this model from another: codes of one mean nothing to the other. */
  get fingerprint(): number {
    if (this.#fingerprint === undefined) {
      // FNV-1a.
      let hash = 0x811c_9dc5;
      for (const bytes of this.save().values()) {
        for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
      }
      this.#fingerprint = hash >>> 0;
    }
    return this.#fingerprint;
  }
}

function checkCodec(
  codec: ChainCodec,
  { transforms, lists, quantizer }: IndexSpec,
  dim: number,
  centroids: Vectors | undefined,
): void {
  const wanted = [...transforms.map(formatPart), formatCode(quantizer)].join(',');
  const fitting = (lists?.numbers[0] ?? 0) === (centroids?.count ?? 0);
  if (codec.trained && codec.dim === dim && codec.spec === wanted && fitting) return;
  throw new InvalidArgumentError(
    `The codec ${codec.spec} (${codec.dim} components${codec.trained ? '' : ', not trained'}) with ${centroids?.count ?? 'no'} centroids of lists does not fit the specification ${wanted} with ${lists?.numbers[0] ?? 'no'} lists and vectors of ${dim}.`,
    'Give the specification of the codec, and as many lists as there are centroids.',
  );
}
