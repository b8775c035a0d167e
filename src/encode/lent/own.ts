const known = new WeakSet<object>();

/**
 * Marks an encoder of which each thread has one of its own, opened by its id: a small table without a runtime, which encodes a query in less time than it takes to ask
 * another thread. @returns the encoder.
 */
export function ownInEachThread<E extends object>(encoder: E): E {
  known.add(encoder);
  return encoder;
}

/** Whether {@link ownInEachThread} was said of it; never of an encoder that a program made. */
export function isOwnInEachThread(encoder: object): boolean {
  return known.has(encoder);
}
