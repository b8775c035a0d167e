import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { DataFormatError } from '../../src/base/errors.ts';
import { packageRoot } from './places.ts';
import type { Claim, Config, Verdict } from './types.ts';
import type { Effect } from './verdict.ts';

/** What a check of a paper recorded: enough to judge it anew without running it. One file per paper, `SLUG.json`. */
export interface Evidence {
  readonly format: 1;
  readonly paper: string;
  readonly level: 'quick' | 'full';
  readonly software: { readonly sagitta: string; readonly node: string };
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGB: number };
  /** ISO date and time. */
  readonly recorded: string;
  readonly claims: readonly ClaimEvidence[];
}

export interface ClaimEvidence {
  readonly id: string;
  readonly statement: string;
  /** Hash of what was declared before the check: evidence for another declaration is out of date. */
  readonly declaration: string;
  /** Hash of the paper's own code, see {@link codeOf}: evidence by other code is out of date. */
  readonly code?: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly metric?: string;
  readonly margin?: { readonly absolute?: number; readonly relative?: number };
  readonly effect?: Effect;
  readonly sides?: readonly SideEvidence[];
  readonly seeds?: readonly number[];
  readonly units?: { readonly train: number; readonly dev: number; readonly test: number };
  /** Per test unit: its name, then the mean over seeds of each of `sides`. */
  readonly values?: readonly (readonly [unit: string, ...values: number[]])[];
  readonly value?: number;
  readonly bound?: string;
  readonly sources?: Readonly<Record<string, string>>;
  readonly notes?: readonly string[];
  /** Wall-clock and processor time; little of either where a check went on from what was kept. */
  readonly tookMs: number;
  readonly cpuMs?: number;
}

export interface SideEvidence {
  readonly role: 'baseline' | 'method' | 'control';
  readonly name: string;
  /** Chosen on development units. */
  readonly config: Config;
  /** Every configuration that was tried, with its mean on development units; a single one is not tried. */
  readonly tuning: readonly { readonly config: Config; readonly dev: number }[];
  /** Mean over test units, by seed. */
  readonly bySeed: readonly number[];
  readonly mean: number;
  readonly costs?: Readonly<Record<string, number>>;
}

/** Hash of a claim's declaration: everything in it that is data. What it runs is hashed by {@link codeOf}. */
export function declarationOf(claim: Claim): string {
  const data = JSON.stringify(claim, (key, value) => (key === 'seconds' ? undefined : value));
  return createHash('sha256').update(data).digest('hex').slice(0, 16);
}

/**
 * Hash of the files of a paper's folder and of the lab's files that it imports, comments and blanks left out: other code, other results.
 * Undefined where the package has no sources, whose evidence is then that of its release.
 * @param root of the package.
 */
export function codeOf(slug: string, root = packageRoot()): string | undefined {
  const folder = join(root, 'papers', slug);
  if (!existsSync(folder)) return undefined;
  const pending = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
  const code = new Map<string, string>();
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (code.has(path) || !existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    code.set(path, text);
    // What the rules and the lab do is not the paper's; what it shares with other papers is.
    for (const [, from] of text.matchAll(/from '(\.\.?\/[^']+)'/g)) {
      const next = join(dirname(path), from!);
      if (next.startsWith(join(root, 'papers')) && !LAB.has(relative(join(root, 'papers/lab'), next)))
        pending.push(next);
    }
  }
  const hash = createHash('sha256');
  for (const path of [...code.keys()].sort()) {
    hash.update(`${relative(root, path)}\n${code.get(path)!.replace(COMMENTS, '').replace(/\s+/g, '')}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Hash of the library parts that a paper uses, as {@link codeOf}; not of what these use in turn. */
export function partsOf(parts: readonly string[], root = packageRoot()): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const [file, folder] = [join(root, 'src', `${part}.ts`), join(root, 'src', part)];
    const files = existsSync(file)
      ? [file]
      : existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
            .map((name) => join(folder, name))
        : [];
    for (const path of files.sort()) {
      hash.update(`${relative(root, path)}\n${readFileSync(path, 'utf8').replace(COMMENTS, '').replace(/\s+/g, '')}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Files of the lab that are the same for all papers. */
const LAB = new Set(['evidence.ts', 'index.ts', 'lab.ts', 'places.ts', 'runner.ts', 'types.ts', 'verdict.ts']);
/** Lines and blocks that are comments as a whole; a change to them changes no result. */
const COMMENTS = /^\s*(\/\/.*|\/\*\*?[\s\S]*?\*\/)\s*$/gm;

/** Evidence by paper; of several folders, the last that has a file wins. @throws DataFormatError for a damaged file. */
export async function readEvidence(folders: readonly string[]): Promise<Map<string, Evidence>> {
  const all = new Map<string, Evidence>();
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder).sort()) {
      if (!name.endsWith('.json')) continue;
      const path = join(folder, name);
      try {
        const evidence = JSON.parse(await readFile(path, 'utf8')) as Evidence;
        if (evidence.format !== 1 || !Array.isArray(evidence.claims)) throw new Error('another format');
        all.set(evidence.paper, evidence);
      } catch (cause) {
        throw new DataFormatError(path, 'it is not evidence that this version reads', 'Delete it, and check again.', {
          cause,
        });
      }
    }
  }
  return all;
}

/** Writes atomically. @returns the path. */
export async function writeEvidence(folder: string, evidence: Evidence): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${evidence.paper}.json`);
  await writeFile(`${path}.partial`, format(evidence));
  await rename(`${path}.partial`, path);
  return path;
}

/** Indented, but with one line per unit and per tuned configuration, so that files stay readable and small. */
function format(evidence: Evidence): string {
  const lines = new Map<string, string>();
  const marked = JSON.stringify(
    evidence,
    (key, value) => {
      if (key !== 'values' && key !== 'tuning') return value;
      return (value as unknown[]).map((row) => {
        const mark = `@${lines.size}@`;
        lines.set(mark, JSON.stringify(row));
        return mark;
      });
    },
    2,
  );
  return `${marked.replace(/"(@[0-9]+@)"/g, (_, mark: string) => lines.get(mark)!)}\n`;
}
