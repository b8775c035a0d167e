import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The part of `tesseract.js` that is used here. */
interface Tesseract {
  createWorker(
    languages: string[],
    engine: number,
    options: { langPath: string; cacheMethod: 'none'; gzip: boolean; errorHandler: (error: unknown) => void },
  ): Promise<TesseractWorker>;
}
interface TesseractWorker {
  recognize(image: Buffer): Promise<{ readonly data: { readonly text: string; readonly confidence: number } }>;
  terminate(): Promise<unknown>;
}

/** Text in a picture. */
export interface RecognizedText {
  readonly text: string;
  /** How sure the recognition is, 0 to 100. */
  readonly confidence: number;
}

/** Recognises text in pictures (PNG, JPEG, WebP, BMP, GIF). Holds a thread and about 100 MB until it is closed. */
export interface Recognizer {
  /** Codes of the languages that it knows (`eng`, `deu`). */
  readonly languages: readonly string[];
  recognize(image: Uint8Array): Promise<RecognizedText>;
  close(): Promise<void>;
}

const PACKAGE = 'tesseract.js';
/** Language data for it, a package each. */
const DATA = '@tesseract.js-data';
/** The neural network alone, without what went before it. */
const LSTM_ONLY = 1;

const require = createRequire(import.meta.url);
let found: Promise<ReadonlyMap<string, string>> | undefined;

/**
 * Where the data of each language lies for which text in pictures can be recognised: what is installed beside
 * `tesseract.js` as `@tesseract.js-data/CODE`. None where one or the other is missing; nothing is fetched.
 */
export function recognizedLanguages(): Promise<ReadonlyMap<string, string>> {
  found ??= findLanguages();
  return found;
}

async function findLanguages(): Promise<ReadonlyMap<string, string>> {
  const languages = new Map<string, string>();
  try {
    require.resolve(PACKAGE);
  } catch {
    return languages;
  }
  for (const folder of require.resolve.paths(PACKAGE) ?? []) {
    for (const code of await namesIn(join(folder, DATA))) {
      for (const kind of ['4.0.0_best_int', '4.0.0']) {
        const path = join(folder, DATA, code, kind, `${code}.traineddata.gz`);
        if (!languages.has(code) && (await namesIn(join(path, '..'))).includes(`${code}.traineddata.gz`)) {
          languages.set(code, path);
        }
      }
    }
  }
  return languages;
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

/** A recogniser of all languages that are installed; undefined where there are none. */
export async function openRecognizer(): Promise<Recognizer | undefined> {
  const languages = await recognizedLanguages();
  if (languages.size === 0) return undefined;
  const codes = [...languages.keys()];
  const specifier = PACKAGE;
  const module = (await import(specifier)) as Tesseract & { readonly default?: Tesseract };
  const { createWorker } = module.default ?? module;
  // It looks for all languages in one folder, and would fetch what it does not find there.
  const folder = await mkdtemp(join(tmpdir(), 'sagitta-ocr-'));
  try {
    for (const [code, path] of languages) await symlink(path, join(folder, `${code}.traineddata.gz`));
    const options = { langPath: folder, cacheMethod: 'none', gzip: true, errorHandler: () => {} } as const;
    const worker = await createWorker(codes, LSTM_ONLY, options);
    return {
      languages: codes,
      async recognize(image) {
        const { data } = await worker.recognize(Buffer.from(image.buffer, image.byteOffset, image.byteLength));
        return { text: data.text.trim(), confidence: data.confidence };
      },
      close: async () => void (await worker.terminate()),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
