export type { Content, EncodeOptions, Encoder, TokenEncoder } from './encoder.ts';
export { openEncoder } from './registry.ts';
export { type TestEncoderOptions, testEncoder } from './testing.ts';
export { type UseLiteOptions, useLite } from './use-lite/use-lite.ts';
