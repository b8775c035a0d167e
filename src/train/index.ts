export * from './objectives/index.ts';
export * from './quantize/index.ts';
