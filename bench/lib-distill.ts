import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/base/random.ts';
import { Vectors } from '../src/base/vectors.ts';
import { openEncoder } from '../src/encode/registry.ts';
import { dataFolder } from './lib-beir.ts';
import { readWordNet } from './lib-wordnet.ts';

/** Corpora whose documents, never queries, the teacher encodes. `clapnq_dev`, `gorilla_apibench` and others take no part. */
export const CORPORA = [
  'scifact',
  'pubmedqa',
  'hotpotqa_100',
  'mtrag_un',
  'tldr',
  'openclipart',
  'qmsum',
  'medquad_entities',
];
const GLOSSES = 60_000;
/** Characters of a document that are looked at: what the teacher reads of it, and little more. */
const MOST_CHARACTERS = 1_200;

/**
 * Texts for distillation: documents, one sentence and a few words in sequence of each, WordNet's words with their glosses, and paragraphs of the
 * documentation in `node_modules`. The same for the same seed and the same files.
 */
export function distillationTexts(seed = 1): string[] {
  const random = new Random(seed);
  const documents = CORPORA.flatMap((name) => {
    const path = join(dataFolder, name, 'corpus.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { title = '', text } = JSON.parse(line) as { title?: string; text: string };
        return `${title}\n${text}`.trim().slice(0, MOST_CHARACTERS);
      });
  });
  const glosses = random.shuffle(readWordNet().map(({ text }) => text)).slice(0, GLOSSES);
  const whole = [...documents, ...paragraphs()].filter((text) => text.length > 2);
  const parts = whole.flatMap((text) => {
    const sentences = text.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.length > 10);
    const words = text.split(/\s+/);
    const count = 2 + random.below(7);
    const start = random.below(Math.max(1, words.length - count));
    return [
      ...(sentences.length > 1 ? [sentences[random.below(sentences.length)]!] : []),
      words.slice(start, start + count).join(' '),
    ];
  });
  // Words by themselves, as short questions are.
  const terms = glosses.flatMap((text) => (random.below(3) === 0 ? [text.slice(0, text.indexOf(':'))] : []));
  return random.shuffle([...new Set([...whole, ...parts, ...glosses, ...terms])]);
}

function paragraphs(): string[] {
  const root = fileURLToPath(new URL('../node_modules', import.meta.url));
  const found: string[] = [];
  for (const name of readdirSync(root).sort()) {
    const path = join(root, name, 'README.md');
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8').slice(0, 20_000);
    found.push(...text.split(/\n\s*\n/).filter((part) => /^[A-Za-z]/.test(part) && part.length > 40));
  }
  return found.map((text) => text.slice(0, MOST_CHARACTERS));
}

/** Tokens of a text that the teacher reads. */
const LENGTH = 128;

/** The teacher's vectors of texts, kept in `folder` piece by piece, so that an interrupted run goes on where it was. */
export async function teacherVectors(texts: readonly string[], folder: string): Promise<Vectors> {
  mkdirSync(folder, { recursive: true });
  const teacher = await openEncoder(`minilm?length=${LENGTH}`);
  const all = Vectors.zeros(texts.length, teacher.dim);
  const step = 4_096;
  for (let from = 0; from < texts.length; from += step) {
    const path = join(folder, `${from}.f32`);
    const to = Math.min(texts.length, from + step);
    if (!existsSync(path)) {
      const { data } = await teacher.encode(texts.slice(from, to));
      writeFileSync(`${path}.new`, new Uint8Array(data.buffer));
      renameSync(`${path}.new`, path);
      console.error(`${to} of ${texts.length} texts`);
    }
    const bytes = readFileSync(path);
    all.data.set(new Float32Array(bytes.buffer, bytes.byteOffset, (to - from) * teacher.dim), from * teacher.dim);
  }
  await teacher.dispose?.();
  return all;
}
