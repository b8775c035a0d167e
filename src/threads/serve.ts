import { invariant } from '../base/errors.ts';
import { failureOf } from '../base/failures.ts';
import type { Work } from '../base/parallel.ts';
import type { FromThread, ToThread } from './protocol.ts';

type AnyWork = Work<never, never, unknown>;

/**
 * The inside of a thread: does pieces in the order in which they come, one at a time.
 *
 * @param thread its number, see {@link Work.prepare}. @param works all that it knows.
 * @returns what takes messages.
 */
export function serve(
  thread: number,
  works: readonly AnyWork[],
  post: (message: FromThread) => void,
): (message: ToThread) => void {
  const byName = new Map(works.map((work) => [work.name, work]));
  const setups = new Map<number, { readonly work: string; readonly setup: unknown }>();
  const teams = new Map<number, (piece: never) => unknown>();
  let latest = Promise.resolve();

  /** Prepares at the first piece, so that a failure has somewhere to go. */
  const runOf = (team: number): ((piece: never) => unknown) => {
    let run = teams.get(team);
    if (run === undefined) {
      const known = setups.get(team);
      const work = byName.get(known?.work ?? '');
      invariant(known !== undefined && work !== undefined, `there is no work "${known?.work}"`);
      run = work.prepare(known.setup as never, thread);
      teams.set(team, run);
    }
    return run;
  };

  const handle = async (message: ToThread): Promise<void> => {
    if (message.type === 'setup') {
      setups.set(message.team, message);
    } else if (message.type === 'forget') {
      setups.delete(message.team);
      teams.delete(message.team);
    } else {
      const { call } = message;
      try {
        post({ type: 'done', call, result: await runOf(message.team)(message.piece as never) });
      } catch (error) {
        post({ type: 'failed', call, failure: failureOf(error) });
      }
    }
  };
  return (message) => {
    latest = latest.then(() => handle(message));
  };
}
