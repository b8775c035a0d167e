import { isAscii, isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import type chardetModule from 'chardet';
import type iconvModule from 'iconv-lite';

/** Text and how it was found in the bytes. */
export interface DecodedText {
  /** Without byte order mark; line ends as they are. */
  readonly text: string;
  /** Name of the encoding in lower case: `utf-8`, `utf-16le`, `windows-1252`, `shift_jis`, ... */
  readonly encoding: string;
  /** Invalid sequences that became U+FFFD. */
  readonly replaced: number;
}

export interface DecodeOptions {
  /** What the source declares (`<meta charset>`); believed unless the bytes contradict it. */
  readonly declared?: string | undefined;
}

/** Bytes that decide whether a file is text, and what statistics are taken from. */
const SAMPLE = 64 * 1024;

// Both are CommonJS and only met by the few files that are not UTF-8.
const require = createRequire(import.meta.url);
const loadIconv = (): typeof iconvModule => require('iconv-lite');
const loadChardet = (): typeof chardetModule => require('chardet');

/**
 * Bytes to text; undefined when they are not text. In order: byte order mark; UTF-16 without one, recognised by its
 * zero bytes; valid UTF-8; the declared encoding; UTF-8 with damage, when most of its multi-byte sequences are sound
 * (the others become U+FFFD and are counted); else what the statistics of `chardet` say, windows-1252 when they say
 * little. A file with a zero byte near its start, or with more than a few control characters, is binary.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): DecodedText | undefined {
  const buffer = asBuffer(bytes);
  const marked = byteOrderMark(buffer);
  if (marked !== undefined) return decodeAs(buffer.subarray(marked.length), marked.encoding);
  const wide = wideEncoding(buffer);
  if (wide !== undefined) return decodeAs(buffer, wide);
  if (isBinary(buffer)) return undefined;
  if (isAscii(buffer) && !looksLikeIso2022(buffer)) {
    return { text: buffer.toString('latin1'), encoding: 'utf-8', replaced: 0 };
  }
  return decodeAs(buffer, narrowEncoding(buffer, options.declared));
}

/** Decodes one stretch of a file (a line) whose encoding is known, with the damaged parts replaced and counted. */
export function decodeAs(bytes: Uint8Array, encoding: string): DecodedText {
  const buffer = asBuffer(bytes);
  if (encoding === 'utf-8') {
    const text = buffer.toString('utf8');
    return { text, encoding, replaced: isUtf8(buffer) ? 0 : count(text, '\uFFFD') - countReplacements(buffer) };
  }
  // Half a surrogate pair can stand in any UTF-16, and decoders of both byte orders let it through.
  const decoded = encoding === 'utf-16le' ? buffer.toString('utf16le') : decodeLegacy(buffer, encoding);
  const text = decoded.replace(/\p{Surrogate}/gu, '\uFFFD');
  if (encoding !== 'utf-16le') return { text, encoding, replaced: count(text, '\uFFFD') };
  return { text, encoding, replaced: count(text, '\uFFFD') - count(decoded, '\uFFFD') };
}

/** `utf-8 (3 invalid bytes replaced)`; undefined for sound UTF-8, which goes without saying. */
export function describeEncoding(decoded: Pick<DecodedText, 'encoding' | 'replaced'>): string | undefined {
  if (decoded.replaced === 0) return decoded.encoding === 'utf-8' ? undefined : decoded.encoding;
  const sequences = decoded.replaced === 1 ? '1 invalid sequence' : `${decoded.replaced} invalid sequences`;
  return `${decoded.encoding} (${sequences} replaced)`;
}

/** Encoding of a file of which only the beginning is at hand; undefined when it is not text. */
export function sniffEncoding(
  head: Uint8Array,
  atEnd: boolean,
): { readonly encoding: string; readonly mark: number } | undefined {
  const buffer = asBuffer(head);
  const marked = byteOrderMark(buffer);
  if (marked !== undefined) return { encoding: marked.encoding, mark: marked.length };
  const wide = wideEncoding(atEnd ? buffer : buffer.subarray(0, buffer.length & ~1));
  if (wide !== undefined) return { encoding: wide, mark: 0 };
  if (isBinary(buffer)) return undefined;
  const whole = atEnd ? buffer : buffer.subarray(0, completeUtf8Length(buffer));
  return { encoding: isUtf8(whole) ? 'utf-8' : narrowEncoding(whole, undefined), mark: 0 };
}

/** Whether bytes that carry no sign of UTF-16 are something else than text. Looks at the first 64 KiB. */
export function isBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, SAMPLE);
  if (sample.subarray(0, 8192).includes(0)) return true;
  let controls = 0;
  for (const byte of sample) {
    // Tab, line feed, vertical tab, form feed, carriage return, backspace and escape do occur in text.
    if (byte < 32 && !(byte >= 8 && byte <= 13) && byte !== 27) controls++;
  }
  return controls > 2 + sample.length / 50;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function byteOrderMark(buffer: Buffer): { readonly encoding: string; readonly length: number } | undefined {
  const [a, b, c, d] = buffer;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', length: 3 };
  if (a === 0xff && b === 0xfe) {
    return c === 0 && d === 0 ? { encoding: 'utf-32le', length: 4 } : { encoding: 'utf-16le', length: 2 };
  }
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16be', length: 2 };
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return { encoding: 'utf-32be', length: 4 };
  return undefined;
}

/**
 * UTF-16 without a byte order mark. Spaces, digits and line ends have a zero as their high byte in every language, so
 * zero bytes stand (almost) only at even or only at odd places; and what they decode to must look like text.
 */
function wideEncoding(buffer: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const sample = buffer.subarray(0, Math.min(buffer.length & ~1, SAMPLE));
  if (sample.length < 4 || buffer.length % 2 !== 0 || !sample.includes(0)) return undefined;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < sample.length; i += 2) {
    if (sample[i] === 0) even++;
    if (sample[i + 1] === 0) odd++;
  }
  const units = sample.length / 2;
  if (even > units / 100 && odd > units / 100) return undefined;
  const encoding = odd > even ? 'utf-16le' : 'utf-16be';
  const text = decodeAs(sample, encoding).text;
  const alien = text.match(/[\p{Cn}\p{Co}\uFFFD]|(?![\t\n\v\f\r])\p{Cc}/gu)?.length ?? 0;
  if (alien > text.length / 200) return undefined;
  // Nearly all zeros: Latin script. Few of them: another script, which then fills the other bytes with few values.
  if (Math.max(even, odd) >= units / 2) return encoding;
  return /[ \n\u3000]/.test(text) && /^\p{L}{2}|\p{L}{2}/u.test(text) ? encoding : undefined;
}

const ISO_2022_SHIFTS = ['$@', '$A', '$B', '$(', '$)'].map((shift) => Buffer.from(`\u001b${shift}`));

/** ISO 2022 encodes Japanese, Chinese and Korean in 7 bits, with escape sequences. */
function looksLikeIso2022(buffer: Buffer): boolean {
  return ISO_2022_SHIFTS.some((shift) => buffer.includes(shift));
}

function narrowEncoding(buffer: Buffer, declared: string | undefined): string {
  if (isUtf8(buffer) && !looksLikeIso2022(buffer)) return 'utf-8';
  const label = declared === undefined ? undefined : canonical(declared);
  if (label !== undefined && label !== 'utf-8' && !label.startsWith('utf-16') && isSupported(label)) return label;
  if (isDamagedUtf8(buffer)) return 'utf-8';

  const sample = informative(buffer);
  for (const { name, confidence } of loadChardet().analyse(sample)) {
    const encoding = canonical(name);
    if (confidence < 10) break;
    if (encoding.startsWith('utf-') || !isSupported(encoding)) continue;
    // A multi-byte encoding that does not fit is not the one; in a long text a little damage is forgiven.
    if (count(decodeLegacy(sample, encoding), '\uFFFD') > Math.floor(sample.length / 1000)) continue;
    return encoding;
  }
  return 'windows-1252';
}

/** The neighbourhoods of the bytes beyond ASCII: the statistics of the rest say nothing about the encoding. */
function informative(buffer: Buffer): Buffer {
  if (buffer.length <= SAMPLE) return buffer;
  const parts: Buffer[] = [];
  let length = 0;
  for (let i = 0; i < buffer.length && length < SAMPLE; i++) {
    if (buffer[i]! < 128) continue;
    let lineStart = buffer.lastIndexOf(10, i) + 1;
    if (i - lineStart > 4096) lineStart = i;
    const found = buffer.indexOf(10, i);
    const lineEnd = Math.min(found < 0 ? buffer.length : found + 1, i + 8192);
    parts.push(buffer.subarray(lineStart, lineEnd));
    length += lineEnd - lineStart;
    i = lineEnd - 1;
  }
  return Buffer.concat(parts);
}

/** Sound multi-byte sequences outnumber the broken ones by far: legacy encodings do not form them by chance. */
function isDamagedUtf8(buffer: Buffer): boolean {
  let sound = 0;
  let broken = 0;
  for (let i = 0; i < buffer.length; ) {
    const length = sequenceLength(buffer, i);
    if (length > 1) sound++;
    else if (length === 0) broken++;
    i += length || 1;
  }
  return sound > 0 && sound >= 2 * broken;
}

/** Bytes of the UTF-8 sequence that begins at `at`; 0 when it is not one. */
function sequenceLength(buffer: Buffer, at: number): number {
  const first = buffer[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >> 4 === 0xe ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  for (let i = 1; i < length; i++) if (buffer[at + i] === undefined || buffer[at + i]! >> 6 !== 2) return 0;
  return length;
}

/** Length without a sequence that is cut off at the end. */
function completeUtf8Length(buffer: Buffer): number {
  for (let back = 1; back <= 3 && back <= buffer.length; back++) {
    const byte = buffer[buffer.length - back]!;
    if (byte >> 6 === 2) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? buffer.length - back : buffer.length;
  }
  return buffer.length;
}

const ALIASES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  ascii: 'utf-8',
  'us-ascii': 'utf-8',
  // The web's practice: windows-1252 is what Latin-1 means, and GB 18030 contains its two predecessors.
  'iso-8859-1': 'windows-1252',
  latin1: 'windows-1252',
  'iso-8859-9': 'windows-1254',
  'x-sjis': 'shift_jis',
  'shift-jis': 'shift_jis',
  sjis: 'shift_jis',
  gb2312: 'gb18030',
  gbk: 'gb18030',
};

function canonical(name: string): string {
  const lower = name.trim().toLowerCase();
  return ALIASES[lower] ?? lower;
}

function isSupported(encoding: string): boolean {
  if (loadIconv().encodingExists(encoding)) return true;
  try {
    return new TextDecoder(encoding) !== undefined;
  } catch {
    return false;
  }
}

function decodeLegacy(buffer: Buffer, encoding: string): string {
  const iconv = loadIconv();
  return iconv.encodingExists(encoding) ? iconv.decode(buffer, encoding) : new TextDecoder(encoding).decode(buffer);
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) found++;
  return found;
}

/** U+FFFD that the file itself contains. */
function countReplacements(buffer: Buffer): number {
  let found = 0;
  for (let at = buffer.indexOf('\uFFFD'); at >= 0; at = buffer.indexOf('\uFFFD', at + 3)) found++;
  return found;
}
