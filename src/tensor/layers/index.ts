export {
  type BottleneckOptions,
  bottleneckAdapter,
  type ConnectedOptions,
  connectedAdapters,
  type LoraOptions,
  withLora,
} from './adapters.ts';
export {
  type AttentionOptions,
  attention,
  causalMask,
  decoderBlock,
  MASKED,
  paddingMask,
  type RaggedGrid,
  raggedAttention,
  type TransformerOptions,
  transformerBlock,
} from './attention.ts';
export { convolution } from './convolution.ts';
export {
  type Activation,
  embedding,
  type LinearOptions,
  linear,
  type MlpOptions,
  mlp,
  normalize,
} from './dense.ts';
export {
  type LatentAttentionOptions,
  lastTokenPooling,
  latentAttentionPooling,
  meanPooling,
  type SelfAttentionPoolingOptions,
  selfAttentionPooling,
} from './pooling.ts';
export { gru, gruCell } from './recurrent.ts';
