import { type ChildProcess, fork } from 'node:child_process';
import { InvariantError, UnreadableDocumentError } from '../../base/errors.ts';
import { locate } from '../../encode/lanes/packaged.ts';
import type { ReadLimits } from '../limits.ts';
import type { IngestEvent, SourceFile } from '../types.ts';
import { LAST_WORDS, type LastWord, type ProcessLimits, type ReadMessage, type ReadReply } from './messages.ts';

/**
 * Reads files in a process of its own, which can be ended: a parser that hangs, grows without bound or brings its process
 * down costs one file, not the run. The process starts when the first file is read, and again after it was ended.
 */
export class ReadingProcess {
  #process: RunningReader | undefined;

  constructor(private readonly limits: Required<ReadLimits>) {}

  /**
   * The events of `readFile`. A file that takes too much is a failure that says of what.
   * @throws the signal's reason when it aborts, at once.
   */
  async *read(file: SourceFile, maxBytes: number, signal?: AbortSignal): AsyncGenerator<IngestEvent> {
    signal?.throwIfAborted();
    this.#process ??= startReader(this.limits);
    const reader = this.#process;
    let documents = 0;
    let done = false;
    try {
      reader.send({ type: 'read', file, maxBytes, maxText: this.limits.maxText });
      for (;;) {
        const reply = await reader.next(signal);
        if (reply.type === 'defect') throw new InvariantError(`reading ${file.path} failed: ${reply.message}`);
        done = reply.last;
        for (const event of reply.events) {
          if (event.kind === 'document') documents++;
          yield event;
        }
        if (done) return;
        reader.send({ type: 'more' });
      }
    } catch (error) {
      if (!(error instanceof ReaderEnded)) throw error;
      done = false;
      yield { kind: 'failure', failure: { path: file.path, reason: this.#explain(error).message } };
      yield { kind: 'file', file, documents };
    } finally {
      // Also when nobody wants the rest: what is still being read would come in between the events of the next file.
      if (!done) {
        this.#process = undefined;
        reader.end();
      }
    }
  }

  /** Ends the process. */
  close(): void {
    this.#process?.end();
    this.#process = undefined;
  }

  #explain({ why, how }: ReaderEnded): UnreadableDocumentError {
    const { maxSeconds, maxMemory } = this.limits;
    if (why === 'time') {
      return new UnreadableDocumentError(
        `It was not read in ${maxSeconds} seconds.`,
        'Check that it opens in other programs; if it is worth the time, raise the limit (--max-seconds).',
      );
    }
    if (why === 'memory') {
      return new UnreadableDocumentError(
        `Reading it took more than ${Math.round(maxMemory / 2 ** 20)} MiB of memory.`,
        'Check that it opens in other programs; if it is worth the memory, raise the limit (--max-memory).',
      );
    }
    return new UnreadableDocumentError(
      `The process that read it ended (${how}).`,
      'Check that it opens in other programs, or exclude it.',
    );
  }
}

/** The process is gone before it had read the file. */
class ReaderEnded extends Error {
  constructor(
    readonly why: LastWord | undefined,
    readonly how: string,
  ) {
    super(how);
  }
}

interface RunningReader {
  send(message: ReadMessage): void;
  /** @throws ReaderEnded; the signal's reason when it aborts. */
  next(signal: AbortSignal | undefined): Promise<ReadReply>;
  end(): void;
}

/** Share of the limit that V8 may fill; the rest is for Node, buffers and WebAssembly. */
const HEAP_SHARE = 0.75;

function startReader({ maxSeconds, maxMemory }: ProcessLimits): RunningReader {
  const child = startProcess({ maxSeconds, maxMemory });
  const replies: ReadReply[] = [];
  let ended: ReaderEnded | undefined;
  let lastWord = '';
  let wake: () => void = () => undefined;
  // It keeps nobody waiting who does not wait for it.
  child.unref();
  child.channel?.unref();
  child.on('message', (reply: ReadReply) => {
    replies.push(reply);
    wake();
  });
  const words = child.stdio[LAST_WORDS] as NodeJS.ReadableStream & { unref?(): void };
  words.on('data', (chunk) => {
    lastWord += String(chunk);
  });
  words.unref?.();
  const finish = (how: string, why?: LastWord): void => {
    ended ??= new ReaderEnded(why, how);
    wake();
  };
  child.on('error', (error) => finish(error.message));
  // After its pipes were read to the end.
  child.on('close', (code, signal) => {
    // V8 aborts when its heap is full.
    const full = signal === 'SIGABRT' || code === 134;
    const why = lastWord === 'time' || lastWord === 'memory' ? lastWord : full ? 'memory' : undefined;
    finish(signal ?? `exit code ${code}`, why);
  });
  return {
    send(message) {
      if (ended === undefined && child.connected) child.send(message, () => undefined);
    },
    async next(signal) {
      // While somebody waits, the process keeps this one alive.
      child.ref();
      child.channel?.ref();
      const abort = (): void => wake();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        while (replies.length === 0 && ended === undefined && signal?.aborted !== true) {
          await new Promise<void>((next) => (wake = next));
        }
      } finally {
        signal?.removeEventListener('abort', abort);
        child.unref();
        child.channel?.unref();
      }
      signal?.throwIfAborted();
      const reply = replies.shift();
      if (reply === undefined) throw ended!;
      return reply;
    },
    end: () => void child.kill('SIGKILL'),
  };
}

function startProcess(limits: ProcessLimits): ChildProcess {
  const file = locate(import.meta.url, './process.ts', './process.js', './ingest/process.js', '../ingest/process.js');
  if (file === undefined) throw new InvariantError('dist/ingest/process.js is missing from the package');
  const heap = Math.floor((HEAP_SHARE * limits.maxMemory) / 2 ** 20);
  return fork(file, [JSON.stringify(limits)], {
    execArgv: [
      `--max-old-space-size=${heap}`,
      // Sources that run without a build.
      ...(file.pathname.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []),
    ],
    serialization: 'advanced',
    // Parsers chat; stdout may carry a protocol.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
  });
}
