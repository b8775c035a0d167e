import {
  type Block,
  type CodeLanguage,
  isLinedLanguage,
  type LinedLanguage,
  linedBlocks,
  textBlocks,
} from '../../text/index.ts';
import { describeEncoding } from '../decode.ts';
import { makeDocument } from '../document.ts';
import { extensionOf } from '../paths.ts';
import { GeneratedFileError, type Reader } from '../reader.ts';
import { codeSplitter } from '../tree-sitter.ts';

const EXTENSIONS: Readonly<Record<CodeLanguage | LinedLanguage, readonly string[]>> = {
  typescript: ['ts', 'mts', 'cts'],
  tsx: ['tsx'],
  javascript: ['js', 'mjs', 'cjs', 'jsx'],
  python: ['py', 'pyi', 'pyw'],
  go: ['go'],
  rust: ['rs'],
  java: ['java'],
  c: ['c', 'h'],
  cpp: ['cc', 'cpp', 'cxx', 'c++', 'hh', 'hpp', 'hxx', 'h++', 'ipp', 'inl'],
  csharp: ['cs', 'csx'],
  php: ['php', 'phtml', 'php5', 'php7'],
  ruby: ['rb', 'rake', 'gemspec', 'ru'],
  shell: ['sh', 'bash', 'zsh', 'ksh', 'bats'],
  kotlin: ['kt', 'kts'],
  swift: ['swift'],
  scala: ['scala', 'sc'],
  sql: ['sql', 'ddl', 'psql'],
  lua: ['lua'],
  perl: ['pl', 'pm'],
  r: ['r'],
  dart: ['dart'],
  elixir: ['ex', 'exs'],
  powershell: ['ps1', 'psm1'],
  groovy: ['groovy', 'gradle'],
  haskell: ['hs'],
};
/** Languages by the interpreter that the first line of a script names. */
const INTERPRETERS: readonly (readonly [RegExp, CodeLanguage | LinedLanguage])[] = [
  [/^(?:tsx|ts-node|deno|bun)$/, 'typescript'],
  [/^node(?:js)?$/, 'javascript'],
  [/^python[\d.]*$/, 'python'],
  [/^(?:ba|da|k|z|a)?sh$/, 'shell'],
  [/^ruby[\d.]*$/, 'ruby'],
  [/^php[\d.]*$/, 'php'],
  [/^perl[\d.]*$/, 'perl'],
  [/^lua[\d.]*$/, 'lua'],
  [/^Rscript$/, 'r'],
];
const languages = new Map(
  (Object.keys(EXTENSIONS) as (CodeLanguage | LinedLanguage)[]).flatMap((language) =>
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
    const language = languages.get(extension) ?? scriptLanguage(text) ?? 'javascript';
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
async function blocksOf(text: string, language: CodeLanguage | LinedLanguage): Promise<readonly Block[]> {
  if (isLinedLanguage(language)) return linedBlocks(text, language);
  try {
    return await codeSplitter().codeBlocks(text, language);
  } catch {
    return textBlocks(text).map((block) => ({ ...block, kind: 'code' }));
  }
}

/** What the first line of a script says that it is written in (`#!/usr/bin/env -S python3 -u`). */
export function scriptLanguage(text: string): CodeLanguage | LinedLanguage | undefined {
  const words = /^#![ \t]*([^\r\n]{0,200})/.exec(text)?.[1]?.split(/\s+/) ?? [];
  const names = words.filter((word) => !/^-|=/.test(word)).map((word) => word.slice(word.lastIndexOf('/') + 1));
  const name = names.find((word) => word !== 'env');
  return name === undefined ? undefined : INTERPRETERS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Long lines throughout, which people do not write. */
function isMinified(text: string): boolean {
  if (text.length < 5000) return false;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return text.length / lines > 400;
}
