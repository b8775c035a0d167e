export { type DistillOptions, distillCodec } from './distill-codec.ts';
export { exactTop, greatest } from './exact-top.ts';
