import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Random } from '../src/base/random.ts';
import { ContainerReader, ContainerWriter } from '../src/store/local/container.ts';
import { nodeFileSystem, nodeFiles } from '../src/store/local/node-files.ts';
import { sealJson } from '../src/store/local/sealed-json.ts';

/**
 * Changes of a collection's files, as a failing disk makes them (checksums stay as they were), or somebody who means harm (all checksums
 * are made to match). Files are put back by {@link Mutations.restore}.
 */
export class Mutations {
  readonly #originals = new Map<string, Buffer>();

  /** @param files paths in the collection's folder. */
  constructor(
    readonly directory: string,
    readonly files: readonly string[],
  ) {
    for (const file of files) this.#originals.set(file, readFileSync(join(directory, file)));
  }

  restore(): void {
    for (const [file, bytes] of this.#originals) {
      const path = join(this.directory, file);
      if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes);
    }
  }

  /** Changes a file and nothing else. @returns what was done. */
  damage(random: Random): string {
    const file = this.#pick(random);
    const original = this.#originals.get(file)!;
    const path = join(this.directory, file);
    if (file !== 'manifest.json' && random.below(40) === 0) {
      rmSync(path);
      return `${file}: removed`;
    }
    const [bytes, what] = mutate(original, random, () => this.#originals.get(this.#pick(random))!);
    writeFileSync(path, bytes);
    return bytes.equals(original) ? 'nothing' : `${file}: ${what}`;
  }

  /** Changes what a file says, with checksums that match everywhere. @returns what was done. */
  async forge(random: Random): Promise<string> {
    const file = this.#pick(random);
    const original = this.#originals.get(file)!;
    const path = join(this.directory, file);
    const manifest = JSON.parse(this.#originals.get('manifest.json')!.toString());
    delete manifest.checksum;
    if (file === 'manifest.json') {
      const what = mutateJson(manifest, random);
      writeFileSync(path, sealJson(manifest));
      return `${file}: ${what}`;
    }
    let what: string;
    let stamp: { bytes: number; checksum: number };
    if (/\.(seg|vectors|lists|model)$/.test(file)) {
      [stamp, what] = await this.#forgeContainer(file, random);
    } else {
      let bytes: Buffer;
      if (file.endsWith('.dead')) {
        bytes = Buffer.from(original);
        what = `bit sets: ${change(bytes.subarray(8, -4), random)}`;
        bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
      } else if (file.endsWith('encoder.json')) {
        const { checksum: _, ...body } = JSON.parse(original.toString());
        what = mutateJson(body, random);
        const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex');
        bytes = Buffer.from(`${JSON.stringify({ ...body, checksum }, null, 2)}\n`);
      } else if (file.endsWith('.json')) {
        const body = JSON.parse(original.toString());
        const sealed = typeof body.checksum === 'string';
        delete body.checksum;
        what = mutateJson(body, random);
        bytes = Buffer.from(sealed ? sealJson(body) : JSON.stringify(body));
      } else {
        [bytes, what] = mutate(original, random, () => original);
      }
      writeFileSync(path, bytes);
      const whole = file.endsWith('.dead') ? bytes.subarray(0, -4) : bytes;
      stamp = { bytes: bytes.length, checksum: crc32(whole) };
    }
    const before = this.#stampOf(file, original);
    const entry = findEntry(manifest, before);
    if (entry !== undefined) Object.assign(entry, asBefore(entry, stamp));
    writeFileSync(join(this.directory, 'manifest.json'), sealJson(manifest));
    return `${file}: ${what}`;
  }

  #pick(random: Random): string {
    return this.files[random.below(this.files.length)]!;
  }

  #stampOf(file: string, bytes: Buffer): { bytes: number; checksum: number } {
    if (/\.(seg|vectors|lists|model)$/.test(file)) {
      return { bytes: bytes.length, checksum: bytes.readUInt32LE(bytes.length - 12) };
    }
    return { bytes: bytes.length, checksum: crc32(file.endsWith('.dead') ? bytes.subarray(0, -4) : bytes) };
  }

  /** Writes the sections of a container again, one of them changed. */
  async #forgeContainer(
    file: string,
    random: Random,
  ): Promise<[stamp: { bytes: number; checksum: number }, what: string]> {
    const path = join(this.directory, file);
    const reader = new ContainerReader(path, nodeFiles);
    const sections = reader.sections.map(({ name, bytes }) => {
      const content = Buffer.alloc(bytes);
      reader.readInto(name, content);
      return { name, content: content as Buffer };
    });
    reader.close();
    const chosen = sections[random.below(sections.length)]!;
    let what: string;
    if (random.below(60) === 0 && sections.length > 1) {
      sections.splice(sections.indexOf(chosen), 1);
      what = 'left out';
    } else if (random.below(4) === 0) {
      [chosen.content, what] = mutate(chosen.content, random, () => sections[random.below(sections.length)]!.content);
    } else {
      what = change(chosen.content, random);
    }
    rmSync(path);
    const writer = new ContainerWriter(path, { ...nodeFileSystem, sync: async () => undefined });
    for (const { name, content } of sections) writer.section(name, content);
    return [await writer.finish(), `${chosen.name}, ${what}`];
  }
}

/** Changes bytes in place. @returns what was done. */
function change(bytes: Buffer, random: Random): string {
  if (bytes.length === 0) return 'nothing';
  const at = random.below(bytes.length);
  switch (random.below(5)) {
    case 0: {
      bytes[at]! ^= 1 << random.below(8);
      return `a bit of byte ${at}`;
    }
    case 1: {
      const value = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]!;
      bytes[at] = value;
      return `byte ${at} is ${value}`;
    }
    case 2: {
      const start = at & ~3;
      const value = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, random.below(2 ** 16)][random.below(6)]!;
      if (start + 4 <= bytes.length) bytes.writeUInt32LE(value, start);
      return `word ${start} is ${value}`;
    }
    case 3: {
      const length = 1 + random.below(Math.min(64, bytes.length - at));
      bytes.fill(random.below(2) === 0 ? 0 : 0xff, at, at + length);
      return `${length} bytes from ${at} filled`;
    }
    default: {
      for (let i = 0; i < 8; i++) bytes[random.below(bytes.length)] = random.below(256);
      return 'eight bytes anywhere';
    }
  }
}

function mutate(original: Buffer, random: Random, other: () => Buffer): [bytes: Buffer, what: string] {
  const { length } = original;
  switch (random.below(12)) {
    case 0: {
      const cut = random.below(length + 1);
      return [original.subarray(0, cut), `cut to ${cut}`];
    }
    case 1:
      return [Buffer.concat([original, Buffer.alloc(1 + random.below(5000), random.below(256))]), 'lengthened'];
    case 2:
      return [Buffer.from(other()), 'another in its place'];
    case 3: {
      const at = random.below(length + 1);
      return [Buffer.concat([original.subarray(0, at), other().subarray(at)]), `another from ${at}`];
    }
    case 4: {
      const from = random.below(length + 1);
      const to = from + random.below(Math.min(300, length - from + 1));
      return [Buffer.concat([original.subarray(0, from), original.subarray(to)]), `without ${from} to ${to}`];
    }
    default: {
      const bytes = Buffer.from(original);
      return [bytes, change(bytes, random)];
    }
  }
}

const VALUES: readonly unknown[] = [
  ...[0, -1, 1, 2, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, null, true, '', 'x', '../../x', [], {}, 'none', 'hash:65536'],
  ...['tuned:x', 'x'.repeat(100_000), '__proto__'],
];

/** Changes one value somewhere in an object, takes it away, or puts one in twice. @returns what was done. */
function mutateJson(root: Record<string, unknown>, random: Random): string {
  const places: [owner: Record<string, unknown>, key: string, path: string][] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key, `${path}/${key}`]);
      walk((value as Record<string, unknown>)[key], `${path}/${key}`);
    }
  };
  walk(root, '');
  const [owner, key, path] = places[random.below(places.length)]!;
  const now = owner[key];
  if (random.below(8) === 0) {
    if (Array.isArray(owner)) owner.splice(Number(key), 1);
    else delete owner[key];
    return `${path} taken away`;
  }
  if (Array.isArray(now) && random.below(2) === 0) {
    now.push(...now.slice(0, 1 + random.below(3)));
    return `${path} with something twice`;
  }
  if (typeof now === 'number' && random.below(2) === 0) {
    owner[key] = now + [-1, 1, 7, 256, 65536][random.below(5)]!;
  } else if (random.below(4) === 0) {
    const [from, name] = places[random.below(places.length)]!;
    owner[key] = structuredClone(from[name]);
  } else {
    owner[key] = VALUES[random.below(VALUES.length)];
  }
  return `${path} is ${JSON.stringify(owner[key])?.slice(0, 80)}`;
}

/** The manifest may write a checksum as a number or as hexadecimal digits. */
function findEntry(value: unknown, stamp: { bytes: number; checksum: number }): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = value as Record<string, unknown>;
  const same = entry['checksum'] === stamp.checksum || entry['checksum'] === hex(stamp.checksum);
  if (entry['bytes'] === stamp.bytes && same) return entry;
  for (const inner of Object.values(entry)) {
    const found = findEntry(inner, stamp);
    if (found !== undefined) return found;
  }
  return undefined;
}

function asBefore(entry: Record<string, unknown>, { bytes, checksum }: { bytes: number; checksum: number }): object {
  return { bytes, checksum: typeof entry['checksum'] === 'string' ? hex(checksum) : checksum };
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
