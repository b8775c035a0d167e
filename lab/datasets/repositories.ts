import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/base/random.ts';
import { type Lab, NeedsData } from '../grading/lab.ts';
import { root } from '../grading/places.ts';

/** What is counted by the language model, learned from, and judged by: packages are of one of them. */
type Role = 'counted' | 'train' | 'judged';

/** Packages and the folder of each that holds one build of it; the lock file fixes their versions. All are under MIT, ISC, BSD or Apache 2.0. */
const PACKAGES: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  counted: { ai: 'dist', openai: 'resources', zod: 'v4', 'iconv-lite': '', express: 'lib', assemblyscript: 'std' },
  train: {
    '@langchain/core': 'dist',
    'instantsearch.js': 'es',
    'dependency-cruiser': 'src',
    undici: 'lib',
    ajv: 'dist',
    'css-select': 'dist',
    postcss: 'lib',
    preact: 'src',
    'algoliasearch-helper': 'src',
    hono: 'dist',
  },
  judged: {
    '@modelcontextprotocol/sdk': 'dist/esm',
    yaml: 'dist',
    'enhanced-resolve': 'lib',
    linkedom: 'esm',
    jose: 'dist/webapi',
    'regexp-tree': 'dist',
    'source-map-js': 'lib',
    tapable: 'lib',
    'openapi-typescript': 'dist',
    'ip-address': 'dist',
    'instantsearch-ui-components': 'dist/es',
    htmlparser2: 'dist',
    domutils: 'dist',
    entities: 'dist',
    'adm-zip': '',
  },
};

/** A place in a file where somebody writes on. */
export interface Completion {
  readonly id: string;
  readonly package: string;
  /** The file up to there: its last lines. */
  readonly context: string;
  /** The last 20 lines of it that are not empty. */
  readonly query: string;
  /** What comes. */
  readonly target: string;
  /** Blocks of the package's other files: numbers. */
  readonly others: readonly number[];
}

/** Packages as a writer of code has them. */
export interface Repositories {
  readonly blocks: readonly string[];
  readonly train: readonly Completion[];
  readonly judged: readonly Completion[];
  /** Files for a language model, of packages that are neither. */
  readonly counted: readonly string[];
  readonly sources: Readonly<Record<string, string>>;
}

/** Characters of files that are taken, and how many of a package. */
const SIZE = { least: 1500, most: 60_000 } as const;
const FILES = 20;
/** Lines of a block. */
const LINES = 15;
/** Cuts of a file, and words of a target. */
const [CUTS, WORDS] = [2, 40];
/** Lines that a query has, and those that the language model reads. */
const [ASKED, READ] = [20, 40];

/** @throws NeedsData when a package is not installed. */
export function repositories(lab: Lab): Promise<Repositories> {
  return lab.once('repositories', async () => {
    const sources: Record<string, string> = {};
    const blocks: string[] = [];
    const completions: Record<Role, Completion[]> = { counted: [], train: [], judged: [] };
    const counted: string[] = [];
    for (const [role, packages] of Object.entries(PACKAGES) as [Role, Readonly<Record<string, string>>][]) {
      for (const [name, folder] of Object.entries(packages)) {
        const files = filesOf(name, folder, sources);
        if (role === 'counted') counted.push(...files);
        else completions[role].push(...completionsOf(name, files, blocks));
      }
    }
    return { blocks, counted, sources, train: completions.train, judged: completions.judged };
  });
}

/** Some files of a package, no two of which are nearly the same. */
function filesOf(name: string, folder: string, sources: Record<string, string>): string[] {
  const own = join(root, 'node_modules', name);
  if (!existsSync(own)) throw new NeedsData(`The package ${name} is not installed.`, 'Run: npm ci');
  const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { version: string };
  const paths = readdirSync(join(own, folder), { recursive: true, encoding: 'utf8' })
    .filter(
      (path) => /\.(m?js|ts)$/.test(path) && !/\.d\.m?ts$|\.min\.|node_modules|(^|\/)(cjs|umd|commonjs)\//.test(path),
    )
    .sort();
  const hash = createHash('sha256');
  const files: string[] = [];
  const seen = new Set<string>();
  for (const path of new Random(43).shuffle(paths)) {
    const text = readFileSync(join(own, folder, path), 'utf8');
    const lines = text.split('\n').filter((line) => line.trim().length > 12);
    const known = lines.filter((line) => seen.has(line)).length;
    if (text.length < SIZE.least || text.length > SIZE.most || known > 0.5 * lines.length) continue;
    for (const line of lines) seen.add(line);
    hash.update(`${path}\n${text}`);
    if (files.push(text) === FILES) break;
  }
  sources[`${name}@${version} files`] = hash.digest('hex');
  return files;
}

/** Cuts files, each with the blocks of the others. @param blocks of all packages, to which those of this one are added. */
function completionsOf(name: string, files: readonly string[], blocks: string[]): Completion[] {
  const numbers = files.map((text) =>
    blocksOf(text).map((block) => {
      blocks.push(block);
      return blocks.length - 1;
    }),
  );
  return files.flatMap((text, file) => {
    const words = [...text.matchAll(/\S+/g)];
    const random = new Random(1000 + file);
    return Array.from({ length: CUTS }, (_, cut) => {
      const from = Math.floor(words.length * (0.2 + 0.3 * (cut + random.next())));
      const [start, end] = [words[from]!.index, words[Math.min(words.length - 1, from + WORDS)]!.index];
      const lines = text.slice(0, start).split('\n');
      return {
        id: `${name} ${file} ${cut}`,
        package: name,
        context: lines.slice(-READ).join('\n'),
        query: lines
          .filter((line) => line.trim() !== '')
          .slice(-ASKED)
          .join('\n'),
        target: text.slice(start, end),
        others: numbers.flatMap((own, other) => (other === file ? [] : own)),
      };
    });
  });
}

/** Blocks as RLCoder cuts them: what blank lines separate, merged while they are no longer than 15 lines. */
export function blocksOf(text: string): string[] {
  const blocks: string[][] = [];
  for (const part of text.split(/\n\s*\n/)) {
    const lines = part.split('\n').filter((line) => line.trim() !== '');
    for (let at = 0; at < lines.length; at += LINES) {
      const piece = lines.slice(at, at + LINES);
      const last = blocks.at(-1);
      if (last !== undefined && last.length + piece.length <= LINES) last.push(...piece);
      else blocks.push(piece);
    }
  }
  return blocks.map((lines) => lines.join('\n'));
}
