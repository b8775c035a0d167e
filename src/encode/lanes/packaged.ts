import { existsSync } from 'node:fs';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { InvariantError } from '../../base/errors.ts';

/**
 * A file of the package, from wherever the bundler put the module that asks: beside it, below it or above it.
 * @param from `import.meta.url` of that module.
 */
export function locate(from: string, ...places: readonly string[]): URL | undefined {
  return places.map((place) => new URL(place, from)).find((url) => existsSync(url));
}

/** Starts a thread that runs a file of the package. @param options of the thread. @param from, places as {@link locate} takes them; the first is that among the sources. */
export function startPackaged(
  { workerData, ...limits }: Pick<WorkerOptions, 'workerData' | 'transferList' | 'resourceLimits' | 'name'>,
  from: string,
  ...places: readonly string[]
): Worker {
  const file = locate(from, ...places);
  if (file === undefined) throw new InvariantError(`${places.at(-1)} is missing from the package`);
  if (!file.pathname.endsWith('.ts')) return new Worker(file, { ...limits, workerData, execArgv: [] });
  // Sources that run without a build: a thread does not inherit the loader of TypeScript (Node 20).
  const loader = import.meta.resolve('tsx/esm/api');
  const load = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(file.href)}); })`;
  return new Worker(load, { ...limits, eval: true, workerData, execArgv: [] });
}
