import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFormatError } from '../../src/base/errors.ts';
import type { Claim, Config, Verdict } from './types.ts';
import type { Effect } from './verdict.ts';

/** What a check of a paper recorded: enough to judge it anew without running it. One file per paper, `SLUG.json`. */
export interface Evidence {
  readonly format: 2;
  readonly paper: string;
  readonly level: 'quick' | 'full';
  /** Specification of what made vectors of texts, where any were made. */
  readonly encoder: string;
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
  /** Hash of the code that it reaches, see {@link SourceCode}: evidence by other code is out of date. */
  readonly code?: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly metric?: string;
  readonly margin?: { readonly absolute?: number; readonly relative?: number };
  readonly effect?: Effect;
  readonly sides?: readonly SideEvidence[];
  readonly seeds?: readonly number[];
  readonly units?: { readonly train: number; readonly dev: number; readonly test: number };
  /** Per test unit: its name, then for each of `sides` its value, or its values by seed where these differ. */
  readonly values?: readonly (readonly [unit: string, ...values: UnitValue[]])[];
  /** Instead of `values` in evidence that did not keep them by seed: the means over seeds. */
  readonly means?: readonly (readonly [unit: string, ...means: number[]])[];
  /** How many comparisons, of whatever paper, shared test units with this one when it was judged. */
  readonly sharing?: number;
  readonly value?: number;
  readonly bound?: string;
  /** Of an exact claim: whether it is about the code or about data, and then what was measured on how many units. */
  readonly of?: 'code' | 'data';
  readonly measuredOn?: { readonly units: number; readonly seeds: number };
  readonly sources?: Readonly<Record<string, string>>;
  readonly notes?: readonly string[];
  /** Wall-clock and processor time; little of either where a check went on from what was kept. */
  readonly tookMs: number;
  readonly cpuMs?: number;
}

/** Value of a unit: one for all seeds, or one for each. Null stands for NaN, which JSON has not. */
export type UnitValue = number | null | readonly (number | null)[];

/** A configuration, and its mean on development units. */
export interface Tried {
  readonly config: Config;
  readonly dev: number;
  /** A learning rate that was not declared: the best of those that were stood at their edge. */
  readonly beyond?: true;
}

export interface SideEvidence {
  readonly role: 'baseline' | 'method' | 'control';
  /** A control that keeps the claim from holding where it is better than the method. */
  readonly rival?: true;
  readonly name: string;
  /** There is nothing in it to tune. */
  readonly untunable?: true;
  /** Chosen on development units. */
  readonly config: Config;
  /** Every configuration that was tried, in order; a single one is not tried. */
  readonly tuning: readonly Tried[];
  /** Mean over test units, by seed. */
  readonly bySeed: readonly number[];
  readonly mean: number;
  readonly costs?: Readonly<Record<string, number>>;
}

/** Hash of a claim's declaration: everything in it that is data. What it runs is hashed by {@link SourceCode}. */
export function declarationOf(claim: Claim): string {
  const data = JSON.stringify(claim);
  return createHash('sha256').update(data).digest('hex').slice(0, 16);
}

/** Evidence by paper; none where there is no such folder. @throws DataFormatError for a damaged file. */
export async function readEvidence(folder: string): Promise<Map<string, Evidence>> {
  const all = new Map<string, Evidence>();
  if (!existsSync(folder)) return all;
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.json')) continue;
    const path = join(folder, name);
    try {
      const evidence = JSON.parse(await readFile(path, 'utf8')) as Evidence;
      if (evidence.format !== 2 || !Array.isArray(evidence.claims)) throw new Error('another format');
      all.set(evidence.paper, evidence);
    } catch (cause) {
      throw new DataFormatError(path, 'it is not evidence that this version reads', 'Delete it, and check again.', {
        cause,
      });
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
      if (key !== 'values' && key !== 'means' && key !== 'tuning') return value;
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
