export type { Content, EncodeOptions, Encoder, TokenEncoder } from './encoder.ts';
export { type HfEncoderOptions, type HfModule, type HfPooling, hfEncoder } from './hf/hf.ts';
export { apiKeyVariable, type EndpointOptions } from './http/endpoint.ts';
export { type HttpEncoderOptions, httpEncoder } from './http/http.ts';
export type { Prefixes } from './prefixes.ts';
export { type OpenEncoder, openEncoder } from './registry.ts';
export { type TestEncoderOptions, testEncoder } from './testing.ts';
export { type UseLiteOptions, useLite } from './use-lite/use-lite.ts';
