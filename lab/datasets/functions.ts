import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Lab, NeedsData } from '../grading/lab.ts';
import { root } from '../grading/places.ts';

/** A function of a package, and the sentence that documents it. */
export interface DocumentedFunction {
  /** `package/file.js:name`. */
  readonly id: string;
  readonly package: string;
  readonly name: string;
  /** The first sentence of its documentation. */
  readonly sentence: string;
  /** The comment above it, as it stands in the file. */
  readonly comment: string;
  /** The function without any comment. */
  readonly code: string;
  /** The same with every identifier replaced: `x1`, `x2`, ... in the order of their first mention. */
  readonly renamed: string;
  /** What it calls and reads of others, each once: names of members and of functions that it calls. */
  readonly uses: readonly string[];
}

/** Functions with what they were read from. */
export interface DocumentedFunctions {
  readonly functions: readonly DocumentedFunction[];
  /** SHA-256 of the files of each package, by name and version. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * Packages whose functions are read, and the folder of each that holds one build of it. The lock file fixes their versions; all are pure JavaScript under MIT, ISC, BSD or Apache 2.0, and documented function
 * by function.
 */
const PACKAGES: Readonly<Record<string, string>> = {
  '@huggingface/tokenizers': 'dist',
  '@langchain/core': 'dist',
  '@modelcontextprotocol/sdk': 'dist/esm',
  ai: 'dist',
  'algoliasearch-helper': 'src',
  commander: 'lib',
  'dependency-cruiser': 'src',
  domutils: 'dist',
  'enhanced-resolve': 'lib',
  entities: 'dist',
  express: 'lib',
  'fast-check': 'lib',
  fflate: 'esm',
  hono: 'dist',
  htmlparser2: 'dist',
  'instantsearch.js': 'es',
  'ip-address': 'dist',
  long: '',
  'markdown-it': 'dist',
  preact: 'src',
  'source-map-js': 'lib',
  undici: 'lib',
  vite: 'dist/node',
  yaml: 'dist',
};

/** Characters of a function without comments: what the encoder reads, and what is more than a stub. */
const LENGTH = { least: 80, most: 1500 } as const;
/** Words of a sentence. */
const WORDS = { least: 5, most: 40 } as const;
/** Share of words, or of runs of five tokens, by which two of them are nearly one. */
const ALIKE = 0.8;

/** Functions of {@link PACKAGES} with documentation of a sentence. @throws NeedsData when a package is not installed. */
export function documentedFunctions(lab: Lab): Promise<DocumentedFunctions> {
  return lab.once('documented functions', async () => {
    const sources: Record<string, string> = {};
    const found: DocumentedFunction[] = [];
    for (const [name, folder] of Object.entries(PACKAGES)) {
      lab.checkTime();
      const own = join(root, 'node_modules', name);
      if (!existsSync(own)) throw new NeedsData(`The package ${name} is not installed.`, 'Run: npm ci');
      const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { version: string };
      const hash = createHash('sha256');
      for (const file of scripts(join(own, folder))) {
        const text = readFileSync(join(own, folder, file), 'utf8');
        hash.update(`${file}\n${text}`);
        found.push(...functionsOf(text, join(name, file), name));
      }
      sources[`${name}@${version}`] = hash.digest('hex');
    }
    return { functions: distinct(found), sources };
  });
}

/** Paths of the scripts of a folder, in order; declarations, minified ones and packages within are left out. */
function scripts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[cm]?js$/.test(path) && !/\.min\.|node_modules|bundle/i.test(path))
    .sort();
}

/** Functions and methods of a file that have a documented name, enough to read, and not too much. */
export function functionsOf(text: string, path: string, name: string): DocumentedFunction[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const found: DocumentedFunction[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    const own = nameOfFunction(node);
    const comment = own === undefined ? undefined : commentOf(node);
    if (own === undefined || comment === undefined) return;
    const sentence = sentenceOf(comment);
    const { code, renamed, uses } = withoutComments(node, file);
    if (sentence === undefined || code.length < LENGTH.least || code.length > LENGTH.most) return;
    found.push({
      id: `${path}:${own}`,
      package: name,
      name: own,
      sentence,
      comment: comment.getText(file),
      code,
      renamed,
      uses,
    });
  };
  visit(file);
  return found;
}

/** The name that a function goes by where a comment may stand above it; undefined for what is none. */
function nameOfFunction(node: ts.Node): string | undefined {
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) && node.body)
    return node.name?.getText();
  const [target, value] = ts.isPropertyAssignment(node)
    ? [node.name, node.initializer]
    : ts.isPropertyDeclaration(node)
      ? [node.name, node.initializer]
      : ts.isVariableStatement(node) && node.declarationList.declarations.length === 1
        ? [node.declarationList.declarations[0]!.name, node.declarationList.declarations[0]!.initializer]
        : ts.isExpressionStatement(node) && ts.isBinaryExpression(node.expression)
          ? [node.expression.left, node.expression.right]
          : [];
  const isFunction = value !== undefined && (ts.isFunctionExpression(value) || ts.isArrowFunction(value));
  return isFunction ? target?.getText().split('.').at(-1) : undefined;
}

function commentOf(node: ts.Node): ts.JSDoc | undefined {
  return ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .filter(({ parent }) => parent === node)
    .at(-1);
}

/** The first sentence of a comment's description; undefined where it says next to nothing, or is not English. */
function sentenceOf(comment: ts.JSDoc): string | undefined {
  const description = ts.getTextOfJSDocComment(comment.comment) ?? '';
  const text = description
    .split(/\n\s*\n/)[0]!
    .replace(/\s+/g, ' ')
    .trim();
  const sentence = /^.*?[.:!?](?=\s+[^a-z]|$)/.exec(text)?.[0] ?? text;
  const words = sentence.match(/[a-z]+/gi) ?? [];
  const letters = sentence.match(/[a-z ]/gi) ?? [];
  const isProse = words.length >= WORDS.least && words.length <= WORDS.most && letters.length > 0.8 * sentence.length;
  return isProse ? sentence : undefined;
}

/** A function without comments, with and without its names. */
function withoutComments(root: ts.Node, file: ts.SourceFile): Pick<DocumentedFunction, 'code' | 'renamed' | 'uses'> {
  const numbers = new Map<string, number>();
  const uses = new Set<string>();
  let [code, renamed] = ['', ''];
  const walk = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(file);
    if (children.length > 0) {
      for (const child of children) walk(child);
      return;
    }
    const trivia = file.text.slice(node.getFullStart(), node.getStart(file));
    const space = code === '' ? '' : trivia.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replace(/\n\s*\n/g, '\n');
    const text = node.getText(file);
    code += space + text;
    const name = ts.isIdentifier(node) || ts.isPrivateIdentifier(node) ? text : undefined;
    if (name !== undefined && isUse(node)) uses.add(name);
    if (name !== undefined && !numbers.has(name)) numbers.set(name, numbers.size + 1);
    renamed += space + (name === undefined ? text : `x${numbers.get(name)}`);
  };
  walk(root);
  return { code, renamed, uses: [...uses] };
}

/** Whether an identifier is the member of something, or what is called. */
function isUse(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression === node;
}

/** One function for each sentence, and one sentence for each function: of several that are nearly the same, the first. */
export function distinct(all: readonly DocumentedFunction[]): DocumentedFunction[] {
  const [sentences, bodies] = [new Seen(), new Seen()];
  const ids = new Set<string>();
  return all.filter(({ id, sentence, code }) => {
    const said = new Set(sentence.toLowerCase().match(/[a-z0-9]+/g));
    const tokens = code.match(/\w+|[^\w\s]/g)!;
    const runs = new Set(tokens.map((_, i) => tokens.slice(i, i + 5).join(' ')));
    if (ids.has(id) || sentences.has(said) || bodies.has(runs)) return false;
    ids.add(id);
    sentences.add(said);
    bodies.add(runs);
    return true;
  });
}

/** Sets that were seen, and whether another is like one of them. */
class Seen {
  readonly #sizes: number[] = [];
  readonly #holders = new Map<string, number[]>();

  add(set: ReadonlySet<string>): void {
    for (const item of set) this.#holders.set(item, [...(this.#holders.get(item) ?? []), this.#sizes.length]);
    this.#sizes.push(set.size);
  }

  /** Whether it shares so much with one of them: Jaccard's measure. */
  has(set: ReadonlySet<string>): boolean {
    const shared = new Map<number, number>();
    for (const item of set)
      for (const holder of this.#holders.get(item) ?? []) shared.set(holder, (shared.get(holder) ?? 0) + 1);
    return [...shared].some(([holder, both]) => both >= ALIKE * (set.size + this.#sizes[holder]! - both));
  }
}
