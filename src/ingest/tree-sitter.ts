import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Where the grammars and the runtime of tree-sitter lie: WebAssembly, shipped by `@vscode/tree-sitter-wasm`. */
function wasmFolder(): string {
  return dirname(require.resolve('@vscode/tree-sitter-wasm'));
}

/** Reads a WebAssembly file of the package by name: `tree-sitter.wasm`, `tree-sitter-go.wasm`. */
export async function loadTreeSitterWasm(name: string): Promise<Uint8Array> {
  return readFile(join(wasmFolder(), name));
}

/** The JavaScript half of the runtime (CommonJS). */
export function treeSitterRuntime(): typeof import('@vscode/tree-sitter-wasm') {
  return require('@vscode/tree-sitter-wasm');
}
