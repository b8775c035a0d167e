export { FlatIndex, type FlatOptions, type FlatPart, type FlatSearchParams } from './flat.ts';
export { FlatIndexBuilder } from './flat-builder.ts';
