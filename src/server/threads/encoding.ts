import type { MessagePort } from 'node:worker_threads';
import { given } from '../../base/given.ts';
import { hostExtensions } from '../../collection/host-extensions.ts';
import { lendEncoders } from '../../encode/lent/lend.ts';
import type { LentEncoder } from '../../encode/lent/messages.ts';
import { isOwnInEachThread } from '../../encode/lent/own.ts';
import type { OpenEncoder } from '../../encode/registry.ts';
import { openTypedEncoder } from '../../encode/typed-spec.ts';
import { EncodingBatcher } from './batcher.ts';

/** What threads open an encoder by. */
export interface WantedEncoder {
  readonly spec: string;
  readonly allowRemote: boolean;
}

interface Served {
  readonly encoder: OpenEncoder;
  readonly batcher: EncodingBatcher;
  /** The encoder, with its runs shared between requests. */
  readonly lent: LentEncoder;
}

/** The encoders of the thread that encodes for all others: one model in memory, and runs shared between requests. */
export class EncodingService {
  readonly #served = new Map<string, Promise<Served>>();

  /** Answers what comes over this line. */
  serve(port: MessagePort): void {
    lendEncoders<WantedEncoder>(port, async (wanted) => (await this.#open(wanted)).lent);
  }

  /** Gives up what waits, and frees the models once none of them runs. */
  async close(): Promise<void> {
    const served = await Promise.allSettled(this.#served.values());
    await Promise.allSettled(
      served.map(async (each) => {
        if (each.status === 'rejected') return;
        await each.value.batcher.close();
        await each.value.encoder.dispose?.();
      }),
    );
  }

  #open({ spec, allowRemote }: WantedEncoder): Promise<Served> {
    const key = `${allowRemote} ${spec}`;
    let served = this.#served.get(key);
    if (served === undefined) {
      served = hostExtensions()
        .then(({ encoders = [] }) => openTypedEncoder(spec, { allowRemote, kinds: encoders }))
        .then(servedEncoder);
      this.#served.set(key, served);
      // An endpoint or a package may be back at the next request.
      served.catch(() => this.#served.delete(key));
    }
    return served;
  }
}

function servedEncoder(encoder: OpenEncoder): Served {
  const batcher = new EncodingBatcher(encoder);
  if (isOwnInEachThread(encoder)) return { encoder, batcher, lent: encoder };
  const { id, dim, languages, denseShare, window, encodeTokens, weigh } = encoder;
  const lent: LentEncoder = {
    id,
    dim,
    ...given({ languages, denseShare, window }),
    encode: (texts, { role = 'document', signal } = {}) => batcher.encode(texts, role, signal),
    ...(encodeTokens === undefined ? {} : { encodeTokens: encodeTokens.bind(encoder) }),
    ...(weigh === undefined ? {} : { weigh: weigh.bind(encoder) }),
  };
  return { encoder, batcher, lent };
}
