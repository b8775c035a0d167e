import { toProblem } from '../problem.ts';

/** An event before it is written. */
export interface StreamedEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Milliseconds between two signs of life while nothing comes. */
const BEAT = 15_000;

/**
 * Events as they come, as a stream of server-sent events; the next one is made when the client has taken the one before. What fails becomes the event `failed` with the problem,
 * since the status has been sent by then. A client that goes stops the work.
 */
export function eventStream(
  signal: AbortSignal,
  work: (stopped: AbortSignal) => AsyncGenerator<StreamedEvent>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  const stopped = AbortSignal.any([signal, gone.signal]);
  const events = work(stopped);
  let beat: NodeJS.Timeout | undefined;
  const end = (): void => clearInterval(beat);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      beat = setInterval(() => controller.enqueue(encoder.encode(': still here\n\n')), BEAT);
      beat.unref();
    },
    async pull(controller) {
      try {
        const next = await events.next();
        if (next.done) {
          end();
          return controller.close();
        }
        controller.enqueue(encoder.encode(formatted(next.value)));
      } catch (error) {
        end();
        if (stopped.aborted) return controller.close();
        controller.enqueue(encoder.encode(formatted({ event: 'failed', data: toProblem(error).problem })));
        controller.close();
      }
    },
    async cancel() {
      end();
      gone.abort();
      await events.return(undefined).catch(() => undefined);
    },
  });
}

function formatted({ event, data }: StreamedEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
