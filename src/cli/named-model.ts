import { given } from '../base/given.ts';
import { hostExtensions } from '../collection/host-extensions.ts';
import type { LanguageModel } from '../generate/index.ts';

/** A language model, and where it is asked. */
export interface NamedModel {
  readonly model?: string;
  readonly modelUrl?: string;
  /** Whether it is not asked again what it was asked before. Default: as of `openModel`. */
  readonly keep?: boolean;
}

/** The language model that was named, if one was. */
export async function namedModel({ model, modelUrl: url, keep }: NamedModel): Promise<LanguageModel | undefined> {
  if (model === undefined) return undefined;
  const { openModel } = await import('../generate/index.ts');
  return openModel(model, { kinds: (await hostExtensions()).languageModels ?? [], ...given({ url, keep }) });
}
