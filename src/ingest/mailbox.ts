const LINE_FEED = 10;
const FROM = Buffer.from('From ');

/**
 * Messages of an mbox (RFC 4155): each begins with a line `From `, behind an empty line. `>From ` within a message loses
 * its sign. A message beyond `maxBytes` is undefined: it was passed over.
 */
export async function* splitMailbox(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array | undefined> {
  let lines: Buffer[] = [];
  let size = 0;
  let begun = false;
  let blank = true;
  const finish = (): Uint8Array | undefined => {
    const message = size > maxBytes ? undefined : Buffer.concat(lines);
    lines = [];
    size = 0;
    return message;
  };
  for await (const line of rawLines(stream, maxBytes)) {
    if (blank && line.subarray(0, 5).equals(FROM)) {
      if (begun && size > 0) yield finish();
      lines = [];
      size = 0;
      begun = true;
    } else {
      const quoted = /^>+From /.test(line.subarray(0, 20).toString('latin1'));
      size += line.length;
      if (size <= maxBytes) lines.push(quoted ? line.subarray(1) : line);
      else lines = [];
    }
    blank = line.length <= 2 && /^\r?\n?$/.test(line.toString('latin1'));
  }
  if (size > 0) yield finish();
}

/** Lines with their ends; one longer than `most` comes in pieces. */
async function* rawLines(stream: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes =
      rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      yield bytes.subarray(start, end + 1);
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > Math.min(most, 1024 * 1024)) {
      yield rest;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield rest;
}
