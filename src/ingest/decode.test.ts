import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { decode, describeEncoding, sniffEncoding } from './decode.ts';

const LATIN = 'Ein schöner Tag: das Café war überfüllt, und niemand hörte zu. Straßen, Bäume, Häuser — déjà vu.\r\n';
const JAPANESE =
  '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。\n';
const CHINESE = '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。\n';
const KOREAN =
  '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 이성과 양심을 부여받았다.\n';
const RUSSIAN =
  'Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью.\n';

describe('decode', () => {
  it('reads UTF-8 with and without byte order mark, keeping line ends', () => {
    expect(decode(Buffer.from('a\r\nü\n'))).toEqual({ text: 'a\r\nü\n', encoding: 'utf-8', replaced: 0 });
    expect(decode(Buffer.from('\uFEFFa'))).toEqual({ text: 'a', encoding: 'utf-8', replaced: 0 });
    expect(decode(new Uint8Array(0))).toEqual({ text: '', encoding: 'utf-8', replaced: 0 });
  });

  it.each(['utf-16le', 'utf-16be', 'utf-32le', 'utf-32be'])('reads %s with a byte order mark', (encoding) => {
    for (const text of [LATIN, JAPANESE, 'a', '😀']) {
      expect(decode(iconv.encode(text, encoding, { addBOM: true }))).toEqual({ text, encoding, replaced: 0 });
    }
  });

  it.each(['utf-16le', 'utf-16be'] as const)('recognises %s without a byte order mark', (encoding) => {
    for (const text of [LATIN, RUSSIAN, JAPANESE, 'key = value\n', 'ab']) {
      expect(decode(iconv.encode(text, encoding))).toEqual({ text, encoding, replaced: 0 });
    }
  });

  it.each([
    ['windows-1252', LATIN],
    ['shift_jis', JAPANESE],
    ['euc-jp', JAPANESE],
    ['gb18030', CHINESE],
    ['big5', '人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。\n'],
    ['euc-kr', KOREAN],
    ['windows-1251', RUSSIAN],
    ['koi8-r', RUSSIAN],
  ])('detects %s', (encoding, text) => {
    expect(decode(iconv.encode(text.repeat(3), encoding))).toEqual({ text: text.repeat(3), encoding, replaced: 0 });
  });

  it('detects the encoding of a large file by the parts that are not ASCII', () => {
    const text = `${'All of this is plain.\n'.repeat(10_000)}${JAPANESE.repeat(4)}`;
    expect(decode(iconv.encode(text, 'shift_jis'))).toMatchObject({ encoding: 'shift_jis', text });
  });

  it('reads ISO-2022-JP, which has no byte beyond ASCII', () => {
    const bytes = Buffer.from('\u001b$B8cGZ$OG-$G$"$k!#\u001b(B\n', 'latin1');
    expect(decode(bytes)).toMatchObject({ text: '吾輩は猫である。\n', encoding: 'iso-2022-jp' });
    expect(decode(Buffer.from('\u001b[31mred\u001b[0m\n'))).toMatchObject({ encoding: 'utf-8' });
  });

  it('replaces and counts damaged sequences in a file that is otherwise UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('Größe, Maß, naïve: '),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from('für'),
    ]);
    const decoded = decode(bytes)!;
    expect(decoded).toEqual({ text: 'Größe, Maß, naïve: \uFFFD(\uFFFDfür', encoding: 'utf-8', replaced: 2 });
    expect(describeEncoding(decoded)).toBe('utf-8 (2 invalid sequences replaced)');
    // Cut off in the middle of a character.
    expect(decode(Buffer.from('äöüß').subarray(0, 7))).toMatchObject({ text: 'äöü\uFFFD', replaced: 1 });
  });

  it('does not count replacement characters that the file itself contains', () => {
    expect(decode(Buffer.from('a \uFFFD b ü'))).toMatchObject({ replaced: 0 });
    const damaged = Buffer.concat([Buffer.from('ü\uFFFDüüü'), Buffer.from([0xff])]);
    expect(decode(damaged)).toMatchObject({ text: 'ü\uFFFDüüü\uFFFD', replaced: 1 });
  });

  it('believes a declared encoding unless the bytes are UTF-8', () => {
    const bytes = iconv.encode('ñandú', 'iso-8859-15');
    expect(decode(bytes, { declared: 'ISO-8859-15' })).toMatchObject({ text: 'ñandú', encoding: 'iso-8859-15' });
    expect(decode(Buffer.from('ñandú'), { declared: 'iso-8859-1' })).toMatchObject({
      text: 'ñandú',
      encoding: 'utf-8',
    });
    expect(decode(bytes, { declared: 'no-such-encoding' })?.text).toContain('and');
    expect(decode(bytes, { declared: 'iso-8859-1' })).toMatchObject({ encoding: 'windows-1252' });
  });

  it('falls back on windows-1252 where there is little to go by', () => {
    expect(decode(Buffer.from([0x93, 0x68, 0x69, 0x94]))).toMatchObject({ text: '“hi”' });
  });

  it.each([
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['an ELF program', Buffer.from('7f454c4602010100000000000000000003003e00', 'hex')],
    ['gzip', Buffer.from('1f8b08000000000000034b4c4a06000241358803', 'hex')],
    ['zero bytes', Buffer.alloc(100)],
    ['control characters', Buffer.from('\x01\x02\x03\x04\x05\x06 text \x0e\x0f\x10\x11')],
    ['16-bit sound', Buffer.from(Int16Array.from({ length: 500 }, (_, i) => 20000 * Math.sin(i / 9)).buffer)],
    ['little-endian integers', Buffer.from(Uint16Array.from({ length: 500 }, (_, i) => i * 7).buffer)],
  ])('recognises %s as binary', (_, bytes) => {
    expect(decode(bytes)).toBeUndefined();
  });

  it('gives back every well-formed text, in UTF-8 and UTF-16', () => {
    const isPlain = (text: string) => !/(?![\t-\r])\p{Cc}|\uFEFF/u.test(text);
    const texts = fc.string({ unit: 'grapheme', maxLength: 200 }).filter(isPlain);
    fc.assert(
      fc.property(texts, (text) => {
        expect(decode(Buffer.from(text))?.text).toBe(text);
        expect(decode(iconv.encode(text, 'utf-16le', { addBOM: true }))?.text).toBe(text);
        expect(decode(iconv.encode(text, 'utf-16be', { addBOM: true }))?.text).toBe(text);
      }),
    );
  });

  it('never throws, and yields well-formed text, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoded = decode(bytes);
        if (decoded !== undefined) expect(decoded.text).not.toMatch(/\p{Surrogate}/u);
      }),
      { examples: [[Uint8Array.of(216, 1, 0, 32)]] },
    );
  });
});

describe('sniffEncoding', () => {
  it('is not misled by a character cut off at the end of the sample', () => {
    const bytes = Buffer.from('ä'.repeat(1000));
    for (let cut = 1; cut < 8; cut++) {
      expect(sniffEncoding(bytes.subarray(0, bytes.length - cut), false)).toEqual({ encoding: 'utf-8', mark: 0 });
    }
    expect(sniffEncoding(iconv.encode('a,b\n', 'utf-16be').subarray(0, 7), false)?.encoding).toBe('utf-16be');
    expect(sniffEncoding(Buffer.from('\uFEFFx'), true)).toEqual({ encoding: 'utf-8', mark: 3 });
    expect(sniffEncoding(Buffer.alloc(64), true)).toBeUndefined();
  });
});
