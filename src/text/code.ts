import { InvalidArgumentError } from '../base/errors.ts';
import type { Block } from './blocks.ts';
import { type CodeLanguage, describe, LEADING, type SyntaxNode } from './code-definitions.ts';
import { textBlocks } from './text-blocks.ts';

export type { CodeLanguage } from './code-definitions.ts';

/** The part of web-tree-sitter, as `@vscode/tree-sitter-wasm` exports it, that is used here. */
export interface TreeSitterRuntime {
  readonly Parser: {
    init(moduleOptions?: object): Promise<void>;
    new (): TreeSitterParser;
  };
  readonly Language: { load(bytes: Uint8Array): Promise<unknown> };
}

interface TreeSitterParser {
  setLanguage(language: never): unknown;
  parse(
    text: string,
    oldTree?: null,
    options?: { progressCallback?: (state: never) => boolean },
  ): { readonly rootNode: unknown; delete(): void } | null;
}

export interface CodeSplitterOptions {
  readonly runtime: TreeSitterRuntime;
  /** Reads a file of `@vscode/tree-sitter-wasm/wasm` by name: `tree-sitter.wasm`, `tree-sitter-python.wasm`. */
  readonly loadWasm: (name: string) => Promise<Uint8Array>;
  /** Milliseconds after which parsing one file is given up. Default 5,000. */
  readonly timeLimit?: number;
}

/** Finds the definitions in source code. Grammars (0.2 to 5 MB each) are loaded once, when first needed. */
export interface CodeSplitter {
  /**
   * The blocks of a source file, together covering every visible character.
   *
   * - A function, method, class, interface, type, trait, `impl`, module or namespace is a `definition`: `name` is its
   *   qualified path (`Parser.parse`), `level` its nesting depth from 1. Comments, decorators and attributes directly
   *   above it belong to it.
   * - Blocks are disjoint: where a definition has members, it is emitted as its beginning (everything up to the first
   *   member) and then its members, one level deeper; a closing brace belongs to the last member. So a definition owns the
   *   blocks that follow it with a greater `level`.
   * - Code between definitions is `code`, with the `level` that a definition in its place would have.
   *
   * Syntax errors cost definitions, never text. Files beyond a megabyte, and those that exceed the time limit, are cut at
   * blank lines.
   */
  codeBlocks(text: string, language: CodeLanguage): Promise<Block[]>;
}

/** C is read with the grammar of C++. */
const GRAMMARS: Readonly<Record<CodeLanguage, string>> = {
  typescript: 'typescript',
  tsx: 'tsx',
  javascript: 'javascript',
  python: 'python',
  go: 'go',
  rust: 'rust',
  java: 'java',
  c: 'cpp',
  cpp: 'cpp',
  csharp: 'c-sharp',
  php: 'php',
  ruby: 'ruby',
  shell: 'bash',
};

/** Larger files are generated or bundled; their structure is not worth the time. UTF-16 code units. */
const LARGEST = 1_000_000;
/** Definitions nested deeper are left whole. */
const DEEPEST = 12;

/** @param options where to get tree-sitter from; in Node the ingest layer knows. */
export function createCodeSplitter(options: CodeSplitterOptions): CodeSplitter {
  const { runtime, loadWasm, timeLimit = 5_000 } = options;
  let started: Promise<void> | undefined;
  const parsers = new Map<string, Promise<TreeSitterParser>>();

  async function makeParser(grammar: string): Promise<TreeSitterParser> {
    started ??= loadWasm('tree-sitter.wasm').then((wasmBinary) => runtime.Parser.init({ wasmBinary }));
    await started;
    const language = await runtime.Language.load(await loadWasm(`tree-sitter-${grammar}.wasm`));
    const parser = new runtime.Parser();
    parser.setLanguage(language as never);
    return parser;
  }

  return {
    async codeBlocks(text, language) {
      if (!Object.hasOwn(GRAMMARS, language)) {
        throw new InvalidArgumentError(
          `There is no grammar for "${language}".`,
          `Use one of ${Object.keys(GRAMMARS).join(', ')}.`,
        );
      }
      if (text.length > LARGEST) return unstructured(text);
      const grammar = GRAMMARS[language];
      let parser = parsers.get(grammar);
      if (parser === undefined) {
        parser = makeParser(grammar);
        parsers.set(grammar, parser);
      }
      const ready = await parser;
      const deadline = performance.now() + timeLimit;
      const tree = ready.parse(text, null, { progressCallback: () => performance.now() > deadline });
      if (tree === null) return unstructured(text);
      try {
        return new BlockWriter(text, language).write(tree.rootNode as SyntaxNode);
      } finally {
        tree.delete();
      }
    },
  };
}

/** What blank lines separate. */
function unstructured(text: string): Block[] {
  return textBlocks(text).map((block) => ({ ...block, kind: 'code', level: 1 }));
}

/** A definition and the stretch of text that belongs to it. */
interface Found {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly body: SyntaxNode | undefined;
}

const word = /[\p{L}\p{N}_]/u;

class BlockWriter {
  readonly #blocks: Block[] = [];

  constructor(
    readonly text: string,
    readonly language: CodeLanguage,
  ) {}

  write(root: SyntaxNode): Block[] {
    this.#region(0, this.text.length, this.#definitions(root, 0), [], 1);
    return this.#blocks;
  }

  /** Emits the definitions in a stretch of text, and what stands between them. */
  #region(start: number, end: number, found: readonly Found[], path: readonly string[], level: number): void {
    let at = start;
    for (const { name, start: from, end: to, body } of found) {
      if (from < at || to > end) continue;
      this.#between(at, from, level);
      const full = name === '' ? path : [...path, name];
      const members = body && level < DEEPEST ? this.#definitions(body, 0).filter((member) => member.end <= to) : [];
      const head = members[0]?.start ?? to;
      this.#push({ kind: 'definition', start: from, end: head, level, name: full.join('.') });
      if (members.length > 0) this.#region(head, to, members, full, level + 1);
      at = to;
    }
    this.#between(at, end, level);
  }

  /** Text that belongs to no definition: code of its own if it has words, else part of the block before it. */
  #between(start: number, end: number, level: number): void {
    const text = this.text.slice(start, end);
    if (text.trim() === '') return;
    const last = this.#blocks.at(-1);
    if (last && !word.test(text)) this.#blocks[this.#blocks.length - 1] = { ...last, end };
    else this.#push({ kind: 'code', start, end, level });
  }

  #push(block: Block): void {
    const { length } = this.text.slice(block.start, block.end).trimEnd();
    if (length > 0) this.#blocks.push({ ...block, end: block.start + length });
  }

  /** The definitions among a node's children, wrappers opened, with the comments and decorators above them. */
  #definitions(parent: SyntaxNode, depth: number): Found[] {
    const found: Found[] = [];
    /** Where the comments and decorators directly above the next node begin. */
    let leading: number | undefined;
    let leadingEnd = 0;
    let previousEnd = parent.startIndex;
    const children = parent.namedChildren;
    for (let i = 0; i < children.length; i++) {
      const node = children[i];
      if (!node) continue;
      if (LEADING.has(node.type)) {
        const last = found.at(-1);
        if (last && last.end === previousEnd && !this.text.slice(previousEnd, node.startIndex).includes('\n')) {
          // A comment behind a definition, on its last line.
          found[found.length - 1] = { ...last, end: node.endIndex };
          leading = undefined;
        } else if (leading === undefined || !this.#adjoins(leadingEnd, node.startIndex)) leading = node.startIndex;
        leadingEnd = node.endIndex;
        previousEnd = node.endIndex;
        continue;
      }
      const described = describe(node, this.language);
      if (described === 'inside') {
        if (depth < DEEPEST) found.push(...this.#definitions(node, depth + 1));
      } else if (described !== undefined) {
        const own = leading !== undefined && this.#adjoins(leadingEnd, node.startIndex);
        const start = own ? leading! : node.startIndex;
        found.push({
          name: described.name,
          start: this.#lineStart(start, previousEnd, own),
          end: node.endIndex,
          body: described.body,
        });
      }
      leading = undefined;
      previousEnd = node.endIndex;
    }
    return found;
  }

  /** Whether nothing but white space, and no blank line, lies between. A line comment may include its line break. */
  #adjoins(end: number, start: number): boolean {
    return /^[^\S\n]*\n?[^\S\n]*$/.test(this.text.slice(end, start));
  }

  /** Takes in the indentation of the first line. */
  #lineStart(start: number, earliest: number, own: boolean): number {
    let at = start;
    const limit = own ? 0 : earliest;
    while (at > limit && (this.text[at - 1] === ' ' || this.text[at - 1] === '\t')) at--;
    return at === 0 || this.text[at - 1] === '\n' ? at : start;
  }
}
