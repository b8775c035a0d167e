import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { MemorySections } from '../../src/base/sections.ts';
import type { Vectors } from '../../src/base/vectors.ts';
import { type Codec, createCodec, openCodec, saveCodec } from '../../src/codec/index.ts';
import { nativeRuntime } from '../../src/encode/index.ts';
import { distillCodec } from '../../src/train/index.ts';
import type { Lab } from '../grading/lab.ts';
import { root } from '../grading/places.ts';

/** A codec that was learned, and how long that took when it was. */
export interface LearnedCodec {
  readonly codec: Codec;
  readonly seconds: number;
}

/** A codec that learns from vectors alone. Learned once, whatever papers and runs ask for it. */
export function trainedCodec(spec: string, documents: Vectors, lab: Lab, seed: number): Promise<LearnedCodec> {
  return kept(lab, 'train', [spec, digest(documents), seed], () => train(spec, documents, seed));
}

/** @internal Exported for its hash, see {@link kept}. */
export async function train(spec: string, documents: Vectors, seed: number): Promise<Codec> {
  const codec = createCodec(spec, documents.dim);
  await codec.train(documents, { seed });
  return codec;
}

export type DistillOptions = Omit<Parameters<typeof distillCodec>[2], 'runtime' | 'seed' | 'signal' | 'start'>;
type Learning = { readonly documents: Vectors; readonly sentences: Vectors };

/** A codec that learns to rank as full vectors do, see `distillCodec`. Learned once, whatever papers and runs ask for it. */
export function distilledCodec(
  data: Learning,
  lab: Lab,
  { steps = 300, ...options }: DistillOptions,
  seed: number,
): Promise<LearnedCodec> {
  const given = { ...options, steps: lab.pick(4, steps) };
  const key = [digest(data.documents), digest(data.sentences), given, seed];
  return kept(lab, 'distil', key, () => distil(data, given, seed, lab.signal));
}

/** @internal Exported for its hash, see {@link kept}. */
export async function distil(
  data: Learning,
  options: DistillOptions,
  seed: number,
  signal: AbortSignal,
): Promise<Codec> {
  return distillCodec(data.documents, data.sentences, { ...options, runtime: await nativeRuntime(), seed, signal });
}

/** Keeps a codec by what made it: a function of this file with the code that it reaches, and all that it was given. */
function kept(lab: Lab, maker: 'train' | 'distil', given: readonly unknown[], make: () => Promise<Codec>) {
  const code = lab.code.hashOfExport(join(root, 'lab/protocols/codecs.ts'), maker);
  const key = JSON.stringify([maker, code, ...given]);
  return lab.once(`codec ${key}`, async (): Promise<LearnedCodec> => {
    const bytes = await lab.kept('codecs', [key], async () => {
      lab.checkTime();
      const start = performance.now();
      const codec = await make();
      return pack(codec, (performance.now() - start) / 1000);
    });
    return unpack(bytes);
  });
}

interface Head {
  readonly seconds: number;
  readonly sections: readonly (readonly [name: string, length: number])[];
}

function pack(codec: Codec, seconds: number): Buffer {
  const sections = [...saveCodec(codec)];
  const head: Head = { seconds, sections: sections.map(([name, { length }]) => [name, length]) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...sections.map(([, bytes]) => bytes)]);
}

function unpack(bytes: Buffer): LearnedCodec {
  const start = bytes.indexOf('\n') + 1;
  const { seconds, sections } = JSON.parse(bytes.toString('utf8', 0, start)) as Head;
  let at = start;
  const parts = sections.map(([name, length]): [string, Uint8Array] => {
    at += length;
    return [name, new Uint8Array(bytes.subarray(at - length, at))];
  });
  return { codec: openCodec(new MemorySections(new Map(parts))), seconds };
}

const digests = new WeakMap<Vectors, string>();

function digest(vectors: Vectors): string {
  const { buffer, byteOffset, byteLength } = vectors.data;
  const found =
    digests.get(vectors) ??
    createHash('sha256')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex');
  digests.set(vectors, found);
  return found;
}
