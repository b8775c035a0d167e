/** Loaded when first needed: whoever searches begins the sooner. */
export const answering = () => import('../answer/index.ts');

/** The role of the file beside the manifest that holds which sentences the collection's contexts keep. */
export const COMPRESSOR = 'compressor';
