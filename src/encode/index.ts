export { type BertDescription, readDescription } from './bert/description.ts';
export { bertFolder } from './bert/folder.ts';
export {
  type LastLayersOptions,
  type TokenStates,
  type TrainableLastLayers,
  trainableLastLayers,
} from './bert/last-layers.ts';
export type { BertOptions } from './bert/loaded.ts';
export { miniLm, miniLmDescription } from './bert/minilm.ts';
export type { Precision } from './bert/prepare.ts';
export { type TrainableBert, type TrainableBertOptions, trainableBert } from './bert/trainable.ts';
export { type WordPieces, WordPieceTokenizer } from './bert/wordpiece.ts';
export { type CrossEncoder, type CrossOptions, crossEncoder } from './cross/cross.ts';
export { crossFolder } from './cross/folder.ts';
export { openCross } from './cross/open.ts';
export type { PairLimits } from './cross/pairs.ts';
export { type Pair, type TrainableCross, type TrainableCrossOptions, trainableCross } from './cross/trainable.ts';
export { type CrossWeights, readCross, writeCross } from './cross/weights.ts';
export { denseShareOf } from './dense-share.ts';
export type {
  Content,
  EncodeOptions,
  Encoder,
  EncoderWindow,
  IndexedWord,
  TermEncoder,
  TokenEncoder,
  WordedText,
} from './encoder.ts';
export { extendedEncoder } from './extended/extended.ts';
export type { ExtendedOptions } from './extended/spec.ts';
export { type HfEncoderOptions, type HfModule, type HfPooling, hfEncoder } from './hf/hf.ts';
export { apiKeyVariable, type EndpointOptions } from './http/endpoint.ts';
export { type HttpEncoderOptions, httpEncoder } from './http/http.ts';
export { type ImpactHead, readImpactHead, writeImpactHead } from './impact/head.ts';
export { impactEncoder } from './impact/impact.ts';
export { type LateOptions, lateEncoder } from './late/late.ts';
export { pooledTokens } from './late/pooling.ts';
export { readProjection, type TokenProjection, writeProjection } from './late/projection.ts';
export type { Prefixes } from './prefixes.ts';
export { DEFAULT_ENCODER, type EncoderKind, type OpenEncoder, openEncoder, QUICK_ENCODER } from './registry.ts';
export { nativeRuntime } from './runtime.ts';
export { type BagOptions, type BagShape, bagVocabulary, trainableBag } from './small/bag.ts';
export { type TransformerOptions, type TransformerShape, trainableTransformer } from './small/transformer.ts';
export { speaks } from './speaks.ts';
export type { ByteRows, TableCodes, TableRows } from './static/rows.ts';
export { readTableFile, shippedTable } from './static/shipped.ts';
export { staticEncoder } from './static/static.ts';
export { quantizeTable, readTable, type StaticTable, writeTable } from './static/table.ts';
export { type TrainableStaticOptions, trainableStatic } from './static/trainable.ts';
export { type TestEncoderOptions, testEncoder } from './testing.ts';
export type { EncoderForm, Files, SavedEncoder, StartOptions, Trainable } from './trainable.ts';
export {
  type AdapterShape,
  adapter,
  adapterGraph,
  type TrainableAdapterOptions,
  trainableAdapter,
} from './tuned/adapter.ts';
export { readTuned, saveTuned, type TunedDescription, type TunedFiles } from './tuned/description.ts';
export { registerEncoderForm } from './tuned/forms.ts';
export { type OpenTrainableOptions, openTrainable } from './tuned/trainable.ts';
export type { EncoderTuning } from './tuning.ts';
export { type TrainableUseLiteOptions, trainableUseLite } from './use-lite/trainable.ts';
export { type UseLiteOptions, type UseLiteTuned, useLite } from './use-lite/use-lite.ts';
export { usesEncoder } from './uses.ts';
