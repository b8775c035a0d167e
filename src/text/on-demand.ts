import { InvalidArgumentError } from '../base/errors.ts';

/**
 * A package that is loaded when it is first needed: what a program does not use must not slow its start. Node loads it on
 * the spot; browsers cannot do that synchronously, so there it has to be preloaded.
 */
export interface OnDemand<T> {
  /** @throws InvalidArgumentError in a browser, before `preload` has resolved. */
  get(): T;
  preload(): Promise<void>;
}

/** The part of Node that this module uses where it exists. */
interface NodeModule {
  createRequire(from: string): (specifier: string) => unknown;
}

/**
 * @param specifier what Node's `require` resolves. @param load imports the same (a literal, for bundlers).
 * @param preloadCall how a program asks for it, for the error's remedy.
 */
export function onDemand<T>(specifier: string, load: () => Promise<T>, preloadCall: string): OnDemand<T> {
  let loaded: T | undefined;
  return {
    get() {
      if (loaded === undefined) {
        const node = globalThis.process?.getBuiltinModule?.('node:module') as NodeModule | undefined;
        if (node === undefined) {
          throw new InvalidArgumentError(
            `The package ${specifier} is not loaded, and a browser cannot load it at once.`,
            `Run this before the first call: await ${preloadCall}`,
          );
        }
        loaded = node.createRequire(import.meta.url)(specifier) as T;
      }
      return loaded;
    },
    async preload() {
      loaded ??= await load();
    },
  };
}
