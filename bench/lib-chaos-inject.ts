import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

/**
 * Loaded before everything else (`node --import`): one system call on files of a folder fails, as a failing or full disk
 * makes it. It works on every system and needs no rights, unlike a tracer or a device of errors.
 */
export interface InjectedFault {
  readonly folder: string;
  readonly code: 'EIO' | 'ENOSPC';
  readonly call: 'write' | 'sync' | 'rename' | 'open' | 'read';
  /** How many of these calls succeed before. */
  readonly after: number;
  /** Calls that fail, one after the other. */
  readonly times: number;
}

/** Name of the environment variable that holds an {@link InjectedFault} as JSON. */
export const FAULT_VARIABLE = 'SAGITTA_BENCH_FAULT';

const fault = JSON.parse(process.env[FAULT_VARIABLE] ?? 'null') as InjectedFault | null;
if (fault !== null) install(fault);

function install({ folder, code, call, after, times }: InjectedFault): void {
  const root = resolve(folder);
  const inside = (path: unknown): boolean => {
    const full = resolve(String(path));
    return full === root || full.startsWith(root + sep);
  };
  const descriptors = new Set<number>();
  let seen = 0;
  const strike = (what: InjectedFault['call']): NodeJS.ErrnoException | undefined => {
    if (what !== call) return undefined;
    const turn = seen++ - after;
    if (turn < 0 || turn >= times) return undefined;
    return Object.assign(new Error(`${code}: injected, ${what}`), { code, errno: -5, syscall: what });
  };
  const check = (what: InjectedFault['call']): void => {
    const error = strike(what);
    if (error !== undefined) throw error;
  };

  const { openSync, closeSync, writeSync, readSync, readFileSync, renameSync, fsync, fsyncSync } = fs;
  const patched = {
    openSync(...args: Parameters<typeof openSync>) {
      const ours = inside(args[0]);
      if (ours) check('open');
      const file = openSync(...args);
      if (ours) descriptors.add(file);
      return file;
    },
    closeSync(file: number) {
      descriptors.delete(file);
      closeSync(file);
    },
    writeSync(file: number, ...rest: unknown[]) {
      if (descriptors.has(file)) check('write');
      return Reflect.apply(writeSync, fs, [file, ...rest]);
    },
    readSync(file: number, ...rest: unknown[]) {
      if (descriptors.has(file)) check('read');
      return Reflect.apply(readSync, fs, [file, ...rest]);
    },
    readFileSync(path: unknown, ...rest: unknown[]) {
      if (typeof path === 'string' && inside(path)) check('read');
      return Reflect.apply(readFileSync, fs, [path, ...rest]);
    },
    renameSync(...args: Parameters<typeof renameSync>) {
      if (inside(args[1])) check('rename');
      renameSync(...args);
    },
    fsyncSync(file: number) {
      if (descriptors.has(file)) check('sync');
      fsyncSync(file);
    },
    fsync(file: number, done: (error: NodeJS.ErrnoException | null) => void) {
      const error = descriptors.has(file) ? strike('sync') : undefined;
      if (error === undefined) fsync(file, done);
      else setImmediate(done, error);
    },
  };
  const { open, rename, readFile } = fs.promises;
  const promised = {
    async open(...args: Parameters<typeof open>) {
      const ours = inside(args[0]);
      if (ours) check('open');
      const file = await open(...args);
      if (!ours) return file;
      const { writeFile, write, sync } = file;
      return Object.assign(file, {
        writeFile: async (...rest: Parameters<typeof writeFile>) => {
          check('write');
          return Reflect.apply(writeFile, file, rest);
        },
        write: async (...rest: unknown[]) => {
          check('write');
          return Reflect.apply(write, file, rest);
        },
        sync: async () => {
          check('sync');
          return Reflect.apply(sync, file, []);
        },
      });
    },
    async rename(...args: Parameters<typeof rename>) {
      if (inside(args[1])) check('rename');
      return rename(...args);
    },
    async readFile(path: unknown, ...rest: unknown[]) {
      if (typeof path === 'string' && inside(path)) check('read');
      return Reflect.apply(readFile, fs.promises, [path, ...rest]);
    },
  };
  Object.assign(fs, patched);
  Object.assign(fs.promises, promised);
  syncBuiltinESMExports();
}
