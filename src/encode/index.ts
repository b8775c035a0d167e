export type { Content, EncodeOptions, Encoder, TokenEncoder } from './encoder.ts';
export { type TestEncoderOptions, testEncoder } from './testing.ts';
