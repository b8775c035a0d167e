import { type Block, type CodeLanguage, textBlocks } from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { GeneratedFileError, type Reader } from '../reader.ts';
import { extensionOf } from '../scope.ts';
import { codeSplitter } from '../tree-sitter.ts';

const EXTENSIONS: Readonly<Record<CodeLanguage, readonly string[]>> = {
  typescript: ['ts', 'mts', 'cts'],
  tsx: ['tsx'],
  javascript: ['js', 'mjs', 'cjs', 'jsx'],
  python: ['py', 'pyi', 'pyw'],
  go: ['go'],
  rust: ['rs'],
  java: ['java'],
  c: ['c', 'h'],
  cpp: ['cc', 'cpp', 'cxx', 'c++', 'hh', 'hpp', 'hxx', 'h++', 'ipp', 'inl'],
};
const languages = new Map(
  (Object.keys(EXTENSIONS) as CodeLanguage[]).flatMap((language) =>
    EXTENSIONS[language].map((extension) => [extension, language] as const),
  ),
);

/**
 * Source code: functions and classes are blocks with their names. The format is the language; the title keeps the
 * file's extension. A file without an extension is a script, whose first line names the language. Offsets are into the
 * file's text. Minified code is left out: nobody wrote it and nobody would want to read it.
 */
export const codeReader: Reader = {
  format: 'code',
  extensions: [...languages.keys()],
  async *read(file, context) {
    const decoded = await context.text();
    const { text } = decoded;
    if (isMinified(text) && !file.explicit) throw new GeneratedFileError();
    const extension = extensionOf(file.path);
    const language = languages.get(extension) ?? (/^#!.*python/.test(text) ? 'python' : languageOf(text));
    yield makeDocument(file, {
      format: language,
      text,
      blocks: await blocksOf(text, language),
      keepExtension: true,
      encoding: describeEncoding(decoded),
    });
  },
};

/** A grammar that gives up on a hostile file costs its definitions, not its text. */
async function blocksOf(text: string, language: CodeLanguage): Promise<readonly Block[]> {
  try {
    return await codeSplitter().codeBlocks(text, language);
  } catch {
    return textBlocks(text).map((block) => ({ ...block, kind: 'code' }));
  }
}

function languageOf(text: string): CodeLanguage {
  return /^#!.*\b(?:tsx|deno|bun)\b/.test(text) ? 'typescript' : 'javascript';
}

/** Long lines throughout, which people do not write. */
function isMinified(text: string): boolean {
  if (text.length < 5000) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return text.length / lines > 400;
}
