import { IncompatibleError, InvalidArgumentError } from '../base/errors.ts';
import { shellWord } from '../base/shell.ts';
import { type IndexingSettings, resolveSettings } from '../corpus/index.ts';
import type { CollectionSettings } from '../store/types.ts';
import { ANALYSIS_VERSION } from '../text/index.ts';

/** BM25's parameters of a collection for which none are given. */
const DEFAULT_BM25 = { k1: 0.9, b: 0.4 };

/** What who opens a collection says of how it is made. */
export interface Wanted {
  /** Id of the encoder of `meaning`. */
  readonly encoder: string | undefined;
  readonly settings: Partial<IndexingSettings> | undefined;
  readonly bm25: { readonly k1?: number; readonly b?: number } | undefined;
}

/** What a new collection records. @param version of what turned content into text. */
export function newSettings(
  { settings, bm25 }: Pick<Wanted, 'settings' | 'bm25'>,
  { id, dim }: { readonly id: string; readonly dim: number },
  ingest: string,
): CollectionSettings {
  return {
    encoder: id,
    dim,
    bm25: checkBm25({ ...DEFAULT_BM25, ...bm25 }),
    options: { ...resolveSettings(settings), ingest, analysis: ANALYSIS_VERSION },
  };
}

function checkBm25({ k1, b }: { k1: number; b: number }): { k1: number; b: number } {
  if (!(k1 >= 0 && k1 <= 100) || !(b >= 0 && b <= 1)) {
    throw new InvalidArgumentError(`BM25 with k1 ${k1} and b ${b}.`, 'Give k1 from 0 to 100 and b from 0 to 1.');
  }
  return { k1, b };
}

/** Collections of before the first recorded version are of version 1. */
export function checkAnalysis(directory: string, { options }: CollectionSettings): void {
  const { analysis = 1 } = options;
  if (analysis === ANALYSIS_VERSION) return;
  throw new IncompatibleError(
    `The words of the collection in ${directory} were indexed by analysis ${analysis}, and this version of Sagitta searches by analysis ${ANALYSIS_VERSION}.`,
    'Index its documents again into a new folder (`sagitta index PATH --in DIR`).',
  );
}

/** @throws IncompatibleError when a collection was made otherwise than what is wanted of it. */
export function checkAgreement(directory: string, settings: CollectionSettings, wanted: Wanted): void {
  const { encoder, bm25, settings: others = {} } = wanted;
  if (encoder !== undefined && encoder !== settings.encoder) {
    throw new IncompatibleError(
      `The collection in ${directory} was made with the encoder "${settings.encoder}", not "${encoder}".`,
      `Leave the encoder out, or give the collection the other one: \`sagitta reencode --encoder ${shellWord(encoder)} --in ${shellWord(directory)}\`.`,
    );
  }
  const made = settings.options as Partial<IndexingSettings>;
  for (const name of ['k1', 'b'] as const) {
    const value = bm25?.[name];
    if (value !== undefined && value !== settings.bm25[name]) {
      throw new IncompatibleError(
        `The collection in ${directory} was made with BM25's ${name} ${settings.bm25[name]}, not ${value}.`,
        'Leave it out, or index into a new collection.',
      );
    }
  }
  for (const [name, value] of Object.entries(others)) {
    // What is no setting is told as such.
    if (!Object.hasOwn(made, name)) resolveSettings({ [name]: value });
    const before = made[name as keyof IndexingSettings];
    if (value !== before) {
      throw new IncompatibleError(
        `The collection in ${directory} was made with ${name} ${before}, not ${value}.`,
        'Leave the setting out, or index into a new collection (--in DIR).',
      );
    }
  }
}
