import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A disk that can be filled. */
export interface SmallDisk {
  readonly folder: string;
  /** Whether it is a file system of its own that really fills up. */
  readonly real: boolean;
  /** Leaves so many bytes free. */
  fill(free: number): void;
  /** Frees what {@link fill} took. */
  clear(): void;
  remove(): void;
}

/** A small file system in memory where this process may mount one; else a plain folder, where a full disk has to be injected. */
export function smallDisk(folder: string, megabytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'sagitta-chaos', folder];
  const real = process.platform === 'linux' && spawnSync('mount', options).status === 0;
  const ballast = join(folder, 'ballast');
  return {
    folder,
    real,
    fill(free) {
      const { bavail, bsize } = statfsSync(folder);
      const file = openSync(ballast, 'w');
      const block = new Uint8Array(1 << 16);
      for (let left = bavail * bsize - free; left > 0; left -= block.length) {
        writeSync(file, block, 0, Math.min(left, block.length));
      }
      closeSync(file);
    },
    clear: () => rmSync(ballast, { force: true }),
    remove() {
      if (real) spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
