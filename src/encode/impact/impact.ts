import { InvalidArgumentError } from '../../base/errors.ts';
import type { Encoder, TermEncoder, TokenEncoder, WordedText } from '../encoder.ts';
import { type ImpactHead, saturation } from './head.ts';
import { WordRowFinder } from './word-rows.ts';

/**
 * Words by what they count where their text is asked for: how often a word stands there as BM25 counts it, times a factor that was learned for the vectors of its tokens, the
 * greatest of them (Dai and Callan 2019, DeepCT; Mallia et al. 2021, DeepImpact; Lin and Ma 2021, uniCOIL). A head of zeros and a bias of 1 is BM25. As an encoder of whole
 * texts and of tokens it is the other encoder.
 *
 * @param base disposed of with it.
 * @throws InvalidArgumentError for an encoder whose token vectors are not those that the head reads, or that cannot tell its tokens.
 */
export function impactEncoder(
  id: string,
  base: Encoder & TokenEncoder,
  head: ImpactHead,
): Encoder & TokenEncoder & TermEncoder {
  if (base.dim !== head.width) {
    throw new InvalidArgumentError(
      `${base.id} gives token vectors of ${base.dim} components; the head reads those of ${head.width}.`,
      `Take it with ${head.base}, for which it was made.`,
    );
  }
  const finder = new WordRowFinder(base);
  return {
    ...base,
    id,
    async weigh(texts, options = {}) {
      const { tokens, rows } = await finder.of(texts, options);
      return texts.map((text, i) => {
        const factors = factorsOf(tokens.item(i).data, head);
        const counted = saturations(text, head);
        return counted.map((share, word) => {
          const [from, to] = [rows[i]![2 * word]!, rows[i]![2 * word + 1]!];
          let greatest = from === to ? Math.max(0, head.bias) : 0;
          for (let row = from; row < to; row++) if (factors[row]! > greatest) greatest = factors[row]!;
          return share * greatest;
        });
      });
    },
    dispose: async () => base.dispose?.(),
  };
}

/** For each word of a text what its term counts there, by how often it stands there. */
export function saturations({ words }: WordedText, head: Pick<ImpactHead, 'k1' | 'b' | 'average'>): Float32Array {
  const counts = new Map<string, number>();
  for (const { term } of words) counts.set(term, (counts.get(term) ?? 0) + 1);
  return Float32Array.from(words, ({ term }) => saturation(head, counts.get(term)!, words.length));
}

function factorsOf(rows: Float32Array, { weights, bias, width }: ImpactHead): Float32Array {
  const factors = new Float32Array(rows.length / width);
  for (let row = 0, at = 0; row < factors.length; row++) {
    let sum = bias;
    for (let c = 0; c < width; c++, at++) sum += weights[c]! * rows[at]!;
    factors[row] = Math.max(0, sum);
  }
  return factors;
}
