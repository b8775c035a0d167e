import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { ExitCode, UserError } from '../src/base/errors.ts';
import type { Evidence } from './grading/index.ts';

/** The process of a paper came to no evidence. */
class CheckFailed extends UserError {
  readonly code = 'check-failed';
  readonly exitCode = ExitCode.internal;
}

/**
 * Checks papers in processes of their own, so many at a time, each by `check SLUG --json --no-record` with what else is given; what is slow to make
 * they share through the lab's cache. Their progress is that of this process.
 * @param program what Node runs; this program by default.
 * @param each is given the evidence of a paper as it comes; one at a time.
 * @throws CheckFailed where a process ends without evidence; the others are ended.
 */
export async function checkInJobs(
  slugs: readonly string[],
  jobs: number,
  given: readonly string[],
  signal: AbortSignal,
  each: (evidence: Evidence) => Promise<void>,
  program: readonly string[] = [...process.execArgv, process.argv[1]!],
): Promise<void> {
  const waiting = [...slugs];
  const controller = new AbortController();
  const ended = AbortSignal.any([signal, controller.signal]);
  let recorded: Promise<unknown> = Promise.resolve();
  const work = async (): Promise<void> => {
    for (let slug = waiting.shift(); slug !== undefined; slug = waiting.shift()) {
      const evidence = await checkApart(program, slug, given, ended);
      recorded = recorded.then(() => each(evidence));
      await recorded;
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    controller.abort();
  }
}

async function checkApart(
  program: readonly string[],
  slug: string,
  given: readonly string[],
  signal: AbortSignal,
): Promise<Evidence> {
  const command = [...program, 'check', slug, '--json', '--no-record', '--jobs', '1', ...given];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'], signal });
  const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
  signal.throwIfAborted();
  try {
    return (JSON.parse(printed) as { papers: Evidence[] }).papers[0]!;
  } catch (cause) {
    throw new CheckFailed(`The check of ${slug} ended without evidence.`, 'What it said above tells why.', { cause });
  }
}
