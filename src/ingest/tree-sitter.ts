import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type CodeSplitter, createCodeSplitter, type TreeSitterRuntime } from '../text/index.ts';

const require = createRequire(import.meta.url);
const PACKAGE = '@vscode/tree-sitter-wasm';
let splitter: CodeSplitter | undefined;

/** The code splitter, with the runtime (CommonJS) and the grammars (WebAssembly) of `@vscode/tree-sitter-wasm`. */
export function codeSplitter(): CodeSplitter {
  splitter ??= createCodeSplitter({
    runtime: require(PACKAGE) as TreeSitterRuntime,
    loadWasm: (name) => readFile(join(dirname(require.resolve(PACKAGE)), name)),
  });
  return splitter;
}
