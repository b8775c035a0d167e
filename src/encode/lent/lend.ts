import type { MessagePort } from 'node:worker_threads';
import { IncompatibleError } from '../../base/errors.ts';
import { failureOf } from '../../base/failures.ts';
import { given } from '../../base/given.ts';
import type { WordedText } from '../encoder.ts';
import { type BorrowRequest, type LentAnswer, type LentEncoder, type LentReply, METHODS } from './messages.ts';
import { isOwnInEachThread } from './own.ts';

/**
 * Lets the thread at the other end of a line use encoders of this one: a model is in memory once, and what a program made of its own
 * works for all threads. @param open gives the encoder for what {@link BorrowedEncoders.open} was given; asked at every request.
 */
export function lendEncoders<Wanted>(port: MessagePort, open: (wanted: Wanted) => Promise<LentEncoder>): void {
  const running = new Map<number, AbortController>();
  port.on('message', (request: BorrowRequest<Wanted>) => {
    const { id } = request;
    if (request.type === 'cancel') return running.get(id)?.abort();
    const controller = new AbortController();
    running.set(id, controller);
    open(request.wanted)
      .then((encoder) => answer(encoder, request, controller.signal))
      .then(
        (answer) => port.postMessage({ id, type: 'done', answer } satisfies LentReply),
        (error: unknown) => port.postMessage({ id, type: 'failed', failure: failureOf(error) } satisfies LentReply),
      )
      .finally(() => running.delete(id));
  });
}

/** Arrays are copied, since a message takes all of the memory that a view is of. */
async function answer(
  encoder: LentEncoder,
  request: Exclude<BorrowRequest<unknown>, { type: 'cancel' }>,
  signal: AbortSignal,
): Promise<LentAnswer> {
  if (request.type === 'open') {
    const { id, dim, languages, denseShare, window } = encoder;
    const methods = METHODS.filter((method) => encoder[method] !== undefined);
    return {
      id,
      methods,
      own: isOwnInEachThread(encoder),
      ...given({ dim, languages, denseShare, window: window?.tokens }),
    };
  }
  if (request.type === 'count') return encoder.window!.count(request.text);
  const { type, inputs } = request;
  const options = { ...request.options, signal };
  if (type === 'encode' && encoder.encode !== undefined) {
    const { data, dim } = await encoder.encode(inputs as string[], options);
    return { data: data.slice(), dim };
  }
  if (type === 'encodeTokens' && encoder.encodeTokens !== undefined) {
    const { vectors, offsets } = await encoder.encodeTokens(inputs as string[], options);
    return { data: vectors.data.slice(), dim: vectors.dim, offsets: offsets.slice() };
  }
  if (type === 'weigh' && encoder.weigh !== undefined) {
    const weights = await encoder.weigh(inputs as WordedText[], options);
    return weights.map((row) => row.slice());
  }
  throw new IncompatibleError(
    `The encoder "${encoder.id}" is another one than it was.`,
    'Try again: the collection has a new encoder.',
  );
}
