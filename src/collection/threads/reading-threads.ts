import { MessageChannel } from 'node:worker_threads';
import { InvariantError } from '../../base/errors.ts';
import type { Team } from '../../base/parallel.ts';
import { startPackaged } from '../../encode/lanes/packaged.ts';
import { lendEncoders } from '../../encode/lent/lend.ts';
import type { LentEncoder } from '../../encode/lent/messages.ts';
import type { VectorFieldSettings } from '../../store/types.ts';
import { ThreadPool } from '../../threads/pool.ts';
import type { NodeWorkerLike } from '../../threads/runtime.ts';
import type { Extension } from '../extensions.ts';
import { type Question, READING, type ReaderData, type ReadingSetup, type Reply } from './messages.ts';
import { splitSignal } from './plain.ts';
import type { AnswerTo, Given, QuestionName } from './questions.ts';

/** What threads of a collection start from. */
export interface ReadingHost extends ReadingSetup {
  readonly threads: number;
  /** The encoder of a field. Threads ask for it here: a model is in memory once. */
  readonly openEncoder: (field: VectorFieldSettings) => Promise<LentEncoder>;
}

/** Parts of an extension that a search may run, and that are objects of the program: threads do not have them. */
const OWN_PARTS = ['rerankers', 'feedbacks', 'operators', 'languageModels', 'codecs'] as const;

/** Whether threads search as a collection with these extensions does. */
export function threadsCanRead(extensions: Extension): boolean {
  return OWN_PARTS.every((part) => (extensions[part] ?? []).length === 0);
}

/**
 * Threads that answer what a collection in a folder is asked. Each has the collection open by itself, reads the state that the question is
 * about, and holds postings and codes of its own; they start at the first question. A thread that ends is replaced; what it was at fails with
 * a `ThreadError`.
 */
export class ReadingThreads {
  readonly #pool: ThreadPool;
  readonly #team: Team<Question, Reply>;
  /** What is being answered. */
  readonly #asked = new Set<Promise<unknown>>();

  /** @throws InvalidArgumentError for a number of threads outside its range. */
  constructor({ threads, openEncoder, directory, allowRemote }: ReadingHost) {
    this.#pool = new ThreadPool({ threads, worker: () => startReader(openEncoder) });
    this.#team = this.#pool.start<ReadingSetup, Question, Reply>({ name: READING }, { directory, allowRemote });
  }

  /**
   * @param generation of the state that is asked; a newer one may answer.
   * @returns undefined where the caller has to answer: what is given cannot be sent, the state is gone, or a model is needed.
   * @throws what the answer throws, or the signal's reason at once; the thread then finishes for nobody.
   */
  async ask<Name extends QuestionName>(
    name: Name,
    given: Given<Name>,
    generation: number,
  ): Promise<AnswerTo<Name> | undefined> {
    const { sent, signal } = splitSignal(given);
    if (sent === undefined) return undefined;
    signal?.throwIfAborted();
    const replies = this.#team.map([{ name, given: sent, generation, newer: true }]);
    const [reply] = await this.#counted(untilAborted(replies, signal));
    return reply?.answer as AnswerTo<Name> | undefined;
  }

  /**
   * Questions of one kind, all about one state. @returns for each its answer, or undefined as {@link ReadingThreads.ask} does.
   * @throws what one of them throws, or the signal's reason; those under way are finished, and the rest are left alone.
   */
  async askAll<Name extends QuestionName>(
    name: Name,
    all: readonly Given<Name>[],
    generation: number,
    signal: AbortSignal | undefined,
  ): Promise<(AnswerTo<Name> | undefined)[]> {
    const sent = all.map((given) => splitSignal(given).sent);
    const questions = sent.flatMap((given) => (given === undefined ? [] : [{ name, given, generation, newer: false }]));
    const replies = await this.#counted(this.#team.map(questions, { signal }));
    let next = 0;
    return sent.map(
      (given) => (given === undefined ? undefined : replies[next++]?.answer) as AnswerTo<Name> | undefined,
    );
  }

  /** Waits for what was asked, then ends the threads. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#asked);
    await this.#pool.close();
  }

  async #counted<T>(answering: Promise<T>): Promise<T> {
    this.#asked.add(answering);
    try {
      return await answering;
    } catch (error) {
      // An error of a class that is none of ours comes as the cause of one: it is what the search threw.
      throw error instanceof InvariantError && error.cause instanceof Error ? error.cause : error;
    } finally {
      this.#asked.delete(answering);
    }
  }
}

function startReader(openEncoder: ReadingHost['openEncoder']): NodeWorkerLike {
  const { port1, port2 } = new MessageChannel();
  lendEncoders(port1, openEncoder);
  // What keeps the process alive is the thread, while it has something to do.
  port1.unref();
  return startPackaged(
    { workerData: { encoders: port2 } satisfies ReaderData, transferList: [port2], name: 'sagitta-reader' },
    import.meta.url,
    './worker.ts',
    './reader.js',
    './collection/reader.js',
    '../collection/reader.js',
  );
}

/** @throws the signal's reason as soon as it aborts. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
