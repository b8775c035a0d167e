/** The two calls that lock.ts makes; the package brings no types. */
declare module 'fs-native-extensions' {
  /** Locks the whole file for this descriptor. @returns false when another descriptor holds the lock. */
  export function tryLock(file: number): boolean;
  export function unlock(file: number): void;
}
