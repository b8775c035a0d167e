import { extensionOf } from './paths.ts';
import type { SkippedFile, SkippedGroup } from './types.ts';

/** Whether a rule leaves it out that can be switched off: it was not even looked at, and may be a folder. */
export function isLeftOut(reason: SkippedFile['reason']): reason is 'ignored' | 'hidden' {
  return reason === 'ignored' || reason === 'hidden';
}

/** Counts skipped files by reason and extension. */
export class SkippedFiles {
  readonly #groups = new Map<string, { group: SkippedGroup; count: number }>();

  add({ path, reason }: SkippedFile): void {
    this.addGroup({ reason, extension: isLeftOut(reason) ? '' : extensionOf(path), count: 1, example: path });
  }

  addGroup(group: SkippedGroup): void {
    const key = `${group.reason}\0${group.extension}`;
    const known = this.#groups.get(key);
    if (known === undefined) this.#groups.set(key, { group, count: group.count });
    else known.count += group.count;
  }

  /** Files that were looked at: without what a rule leaves out. */
  get count(): number {
    let sum = 0;
    for (const { group, count } of this.#groups.values()) if (!isLeftOut(group.reason)) sum += count;
    return sum;
  }

  /** The largest group first. */
  groups(): SkippedGroup[] {
    return Array.from(this.#groups.values(), ({ group, count }) => ({ ...group, count })).sort(
      (a, b) => b.count - a.count || (a.example < b.example ? -1 : 1),
    );
  }
}
