/** What a call is given, as threads are sent it: its options go without their signal. @returns nothing to send where something in it is more than a value. */
export function splitSignal(given: readonly unknown[]): {
  readonly sent: readonly unknown[] | undefined;
  readonly signal: AbortSignal | undefined;
} {
  let signal: AbortSignal | undefined;
  const sent = given.map((value) => {
    if (!isObject(value) || Array.isArray(value)) return value;
    const { signal: own, ...rest } = value as { readonly signal?: AbortSignal };
    signal = own;
    return Object.fromEntries(Object.entries(rest).map(([name, option]) => [name, ownMemory(option)]));
  });
  return { sent: sent.every(isPlain) ? sent : undefined, signal };
}

/** A message takes all of the memory that a view is of: a row of a matrix all of the matrix. */
function ownMemory(value: unknown): unknown {
  return value instanceof Float32Array && value.byteLength < value.buffer.byteLength ? value.slice() : value;
}

/** Whether a message carries a value as it is: no function and no object of a class in it, which would arrive as something else. */
function isPlain(value: unknown): boolean {
  if (!isObject(value)) return typeof value !== 'function' && typeof value !== 'symbol';
  if (ArrayBuffer.isView(value)) return true;
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
