import { Random } from '../../src/base/random.ts';
import type { TestDocument } from '../../src/eval/index.ts';
import { NAMES } from '../../src/search/names.ts';
import { sentenceStarts } from '../../src/text/index.ts';
import { documentsOf } from '../datasets/embeddings.ts';
import type { Lab } from '../grading/lab.ts';
import { type Searchable, searchable } from './pipelines.ts';

/** What documents say of the same: a name, and of each document that has it a sentence that does. */
interface Bridge {
  readonly name: string;
  readonly said: ReadonlyMap<string, string>;
}

/** Most documents that a name may stand in. */
const MOST = 5;
/** Words of a sentence that a question quotes, around the name: of twenty hardly a search misses the sentence. */
const QUOTED = 6;
/** Words that begin a sentence, and are no part of a name. */
const BEGINS = /^(?:The|In|A|An|He|She|It|On|At|By|For|From|After|Before|During|His|Her|This|As|And|But|When|While)\s/u;
const BLANK = '___';

/** Names of several words that two to five documents hold, with what each says of them. */
function bridgesOf(documents: readonly TestDocument[]): Bridge[] {
  const all = new Map<string, Map<string, string>>();
  for (const { id, text } of documents) {
    const starts = sentenceStarts(text, 0, text.length);
    const sentences = starts.map((start, i) => text.slice(start, starts[i + 1] ?? text.length).trim());
    for (const sentence of sentences) {
      for (const found of sentence.match(NAMES) ?? []) {
        const name = found.replace(BEGINS, '');
        if (!name.includes(' ')) continue;
        const said = all.get(name) ?? new Map<string, string>();
        all.set(name, said);
        if (!said.has(id)) said.set(id, sentence);
      }
    }
  }
  return Array.from(all, ([name, said]) => ({ name, said })).filter(({ said }) => said.size >= 2 && said.size <= MOST);
}

/** Asks for a name by what documents say of it, without its words. */
function questionOf({ name, said }: Bridge, random: Random): string {
  const words = new Set(name.split(' '));
  const quoted = random.shuffle([...said.values()]).map((sentence) => {
    const all = sentence.replaceAll(name, BLANK).split(' ');
    const at = Math.max(0, all.findIndex((word) => word.includes(BLANK)) - QUOTED / 2);
    return all
      .slice(at, at + QUOTED + 1)
      .filter((word) => !words.has(word))
      .join(' ');
  });
  return `What is left out in all of these? ${quoted.join(' / ')}`;
}

/** Questions that two to five documents answer together. */
export interface Bridged extends Searchable {
  /** How many documents each question needs. */
  readonly needs: ReadonlyMap<string, number>;
}

/**
 * Questions made from the passages of HotpotQA's sample: each asks for a name that two to five passages hold, by a sentence of each of them from which the name is taken out
 * (MultiHop-RAG's questions of inference, with names where it has a language model). A document answers if it holds the name. @throws NeedsData.
 */
export function bridged(lab: Lab): Promise<Bridged> {
  return lab.once('bridged', async () => {
    const data = await searchable(lab, 'hotpotqa_100');
    const documents = await documentsOf(lab, await lab.collection('hotpotqa_100'), new Set());
    const random = new Random(17);
    const made = random.shuffle(bridgesOf(documents)).map((bridge, i) => ({ id: `b${i}`, bridge }));
    return {
      ...data,
      queries: new Map(made.map(({ id, bridge }) => [id, questionOf(bridge, random)])),
      judgements: new Map(made.map(({ id, bridge }) => [id, new Map([...bridge.said.keys()].map((one) => [one, 1]))])),
      needs: new Map(made.map(({ id, bridge }) => [id, bridge.said.size])),
    };
  });
}
