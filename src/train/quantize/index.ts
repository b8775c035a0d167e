export { type DistillOptions, distillCodec } from './distill-codec.ts';
export { exactTop, greatest } from './exact-top.ts';
export { type CodecTrial, type LearnedIndex, type LearnIndexOptions, learnIndex } from './learn-index.ts';
