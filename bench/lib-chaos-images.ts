import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve, sep } from 'node:path';

/** A copy of a collection as it was before a call that changes it: what is there when its writer is killed at that moment. */
export interface Image {
  /** The copy. */
  readonly image: string;
  /** The call that was about to be made. */
  readonly before: string;
}

/** What images are made of. */
export interface Imaging {
  /** The collection. */
  readonly folder: string;
  /** Where the copies are put. */
  readonly into: string;
  /** After so many the process ends. */
  readonly most: number;
  /** Calls that are passed over before the first. */
  readonly after: number;
  /** Every so many appended pieces of a file count; all calls of other kinds do. */
  readonly every: number;
}

/** Name of the environment variable that holds an {@link Imaging} as JSON. */
export const IMAGING_VARIABLE = 'SAGITTA_BENCH_IMAGES';

/** From now on the folder is copied before every call that changes it. @param tell is told of each copy. */
export function takeImages({ folder, into, most, after, every }: Imaging, tell: (image: Image) => void): void {
  const root = resolve(folder);
  const originals = { ...fs };
  const promised = { ...fs.promises };
  const inside = (path: unknown): boolean => {
    const full = resolve(String(path));
    return full === root || full.startsWith(root + sep);
  };
  const descriptors = new Map<number, string>();
  let calls = 0;
  let made = 0;
  let pieces = 0;
  let copying = false;
  const strike = (what: string, path: unknown): void => {
    if (copying || !inside(path) || calls++ < after) return;
    copying = true;
    const image = join(into, `image${made++}`);
    copy(root, image);
    copying = false;
    tell({ image, before: `${what} ${resolve(String(path)).slice(root.length + 1)}` });
    if (made >= most) process.exit(0);
  };
  const appended = (file: number): void => {
    const path = descriptors.get(file);
    if (path !== undefined && pieces++ % every === 0) strike('write', path);
  };
  const creates = (flags: unknown): boolean => typeof flags === 'string' && /[wa+]/.test(flags);

  /** Files change while they are copied only where a thread writes to one: then too it is what a kill may leave. */
  function copy(from: string, to: string): void {
    originals.mkdirSync(to, { recursive: true });
    for (const entry of originals.readdirSync(from, { withFileTypes: true })) {
      if (entry.isDirectory()) copy(join(from, entry.name), join(to, entry.name));
      else originals.copyFileSync(join(from, entry.name), join(to, entry.name));
    }
  }

  Object.assign(fs, {
    openSync(...args: Parameters<typeof fs.openSync>) {
      if (creates(args[1])) strike('create', args[0]);
      const file = originals.openSync(...args);
      if (inside(args[0])) descriptors.set(file, String(args[0]));
      return file;
    },
    closeSync(file: number) {
      descriptors.delete(file);
      originals.closeSync(file);
    },
    writeSync(file: number, ...rest: unknown[]) {
      appended(file);
      return Reflect.apply(originals.writeSync, fs, [file, ...rest]);
    },
    ftruncateSync(...args: Parameters<typeof fs.ftruncateSync>) {
      const path = descriptors.get(args[0]);
      if (path !== undefined) strike('truncate', path);
      originals.ftruncateSync(...args);
    },
    renameSync(...args: Parameters<typeof fs.renameSync>) {
      strike('rename to', args[1]);
      originals.renameSync(...args);
    },
    rmSync(...args: Parameters<typeof fs.rmSync>) {
      if (originals.existsSync(args[0])) strike('remove', args[0]);
      originals.rmSync(...args);
    },
  } satisfies Partial<typeof fs>);
  Object.assign(fs.promises, {
    async open(...args: Parameters<typeof promised.open>) {
      if (creates(args[1])) strike('create', args[0]);
      const file = await promised.open(...args);
      if (!inside(args[0])) return file;
      const { writeFile, write } = file;
      return Object.assign(file, {
        writeFile: async (...rest: Parameters<typeof writeFile>) => {
          strike('write', args[0]);
          return Reflect.apply(writeFile, file, rest);
        },
        write: async (...rest: unknown[]) => {
          if (pieces++ % every === 0) strike('write', args[0]);
          return Reflect.apply(write, file, rest);
        },
      });
    },
    async rename(...args: Parameters<typeof promised.rename>) {
      strike('rename to', args[1]);
      return promised.rename(...args);
    },
    async rm(...args: Parameters<typeof promised.rm>) {
      if (originals.existsSync(args[0])) strike('remove', args[0]);
      return promised.rm(...args);
    },
  });
  syncBuiltinESMExports();
}
