/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * The events of a stream (HTML standard, "Server-sent events"): without ids and times to try again, which nobody here asks for. What stands behind the last
 * blank line is an event that did not arrive, and is left out.
 * @param most characters of one event; a stream that sends more without an end is given up. Default: no limit.
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
  most: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true });
      // A line break may be in two parts.
      const complete = text.endsWith('\r') ? text.slice(0, -1) : text;
      const blocks = complete.split(/\r\n\r\n|\n\n|\r\r/);
      text = blocks.pop()! + text.slice(complete.length);
      if (text.length > most) return;
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Comments and fields that are not known are passed over. */
function eventOf(block: string): ServerSentEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value = ''] = /^(event|data)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}
