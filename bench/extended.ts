// What does it cost that an encoder reads more than it was trained to? Texts of 256 to 2048 tokens, in chunks and all at once.
import { Random } from '../src/base/random.ts';
import { openEncoder } from '../src/encode/index.ts';
import { interleave, median, report } from './harness.ts';
import { readWordNet } from './lib-wordnet.ts';

const LENGTHS = [256, 512, 1024, 2048];
const ROUNDS = 2;
/** Tokens of a round, in texts of one length. */
const TOKENS = 8192;

const random = new Random(1);
const words = readWordNet()
  .map(({ text }) => text)
  .join(' ')
  .split(' ');
const plain = await openEncoder('minilm');
/** A text of a little more than so many tokens: what an encoder reads of it is full. */
const textOf = async (tokens: number): Promise<string> => {
  const start = random.below(words.length - 2 * tokens);
  for (let count = Math.ceil(tokens / 2); ; count += 16) {
    const text = words.slice(start, start + count).join(' ');
    if ((await plain.window!.count(text)) >= tokens) return text;
  }
};

const rows: Record<string, string | number>[] = [];
for (const length of LENGTHS) {
  const texts: string[] = [];
  while (texts.length < TOKENS / length) texts.push(await textOf(length));
  const specs =
    length === 256
      ? ['minilm']
      : ['chunks-mean', 'interpolated'].map((how) => `extended:minilm?window=${length}&positions=${how}`);
  const encoders = await Promise.all(specs.map((spec) => openEncoder(spec)));
  const processor = new Map<string, number>();
  const times = await interleave(
    encoders.map((encoder) => ({
      name: encoder.id,
      run: async () => {
        const before = process.cpuUsage();
        await encoder.encode(texts);
        const { user, system } = process.cpuUsage(before);
        processor.set(encoder.id, (processor.get(encoder.id) ?? 0) + (user + system) / 1e6);
      },
    })),
    { rounds: ROUNDS },
  );
  for (const encoder of encoders) {
    rows.push({
      encoder: encoder.id,
      'tokens of a text': length,
      'tokens/s': Math.round((1000 * TOKENS) / median(times.get(encoder.id)!)),
      'tokens / processor second': Math.round((TOKENS * (ROUNDS + 1)) / processor.get(encoder.id)!),
    });
    await encoder.dispose?.();
  }
}
await plain.dispose?.();
report({
  name: 'extended',
  threads: 2,
  columns: ['encoder', 'tokens of a text', 'tokens/s', 'tokens / processor second'],
  rows,
  notes: [
    `${TOKENS} tokens a round, in texts of one length, runs of words from WordNet; a round that is not timed loads the models`,
  ],
});
process.exit(0);
