import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './grading/index.ts';

/** A paper that this engine grows out of. */
export interface PaperEntry {
  /** Names the paper everywhere: folder, evidence, command line. */
  readonly slug: string;
  readonly title: string;
  readonly year: number;
  /** One of {@link families}. */
  readonly family: string;
}

const listed = parse(readFileSync(join(root, 'lab/registry.yaml'), 'utf8')) as Readonly<
  Record<string, readonly Omit<PaperEntry, 'family'>[]>
>;

/** Families in the order in which they are listed. */
export const families: readonly string[] = Object.keys(listed);

/** All papers, family by family. */
export const registry: readonly PaperEntry[] = Object.entries(listed).flatMap(([family, papers]) =>
  papers.map((paper) => ({ ...paper, family })),
);
