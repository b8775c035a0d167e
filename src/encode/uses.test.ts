import { describe, expect, it } from 'vitest';
import { openCollection } from '../../src/index.ts';
import { testFolder } from '../../test/support/files.ts';
import { openEncoder } from './registry.ts';

describe('things by their uses', () => {
  it('have the mean of the vectors of their lines, as queries; a query its own', async () => {
    const base = await openEncoder('hash:32');
    const uses = await openEncoder('uses:hash:32');
    expect([uses.id, uses.dim]).toEqual(['uses:hash:32', 32]);
    const lines = ['open a bottle', 'cut a rope'];
    const [bottle, rope] = [0, 1].map((i) => async () => (await base.encode(lines, { role: 'query' })).row(i));
    const mean = (await uses.encode([`${lines[0]}\n\n${lines[1]}\n`, '', lines[0]!])).row(0);
    const [a, b] = [await bottle!(), await rope!()];
    const sum = Array.from(a, (value, c) => value + b[c]!);
    const length = Math.hypot(...sum);
    for (const [c, value] of sum.entries()) expect(mean[c]).toBeCloseTo(value / length, 5);
    const all = await uses.encode(['', lines[0]!]);
    expect(Math.hypot(...all.row(0))).toBe(0);
    for (const [c, value] of a.entries()) expect(all.row(1)[c]).toBeCloseTo(value, 5);
    expect([...(await uses.encode([lines[0]!], { role: 'query' })).row(0)]).toEqual([...a]);
    await expect(openEncoder('uses:')).rejects.toThrow(/There is no encoder "uses:"/);
    await expect(openEncoder('uses:hsah:32')).rejects.toThrow(/hsah/);
    await expect(openEncoder(`${'uses:'.repeat(100)}hash:32`)).rejects.toThrow(/no encoder/);
  });

  it('are found by what they are used for', async () => {
    using folder = testFolder();
    await using collection = await openCollection(folder.at('tools'), { create: true, encoder: 'none' });
    await collection.add([
      { id: 'knife', text: 'A blade with a handle.', metadata: { uses: ['cut a rope', 'peel an apple'] } },
      { id: 'key', text: 'A piece of metal with teeth.', metadata: { uses: ['lock the door', 'open the cellar'] } },
      { id: 'stone', text: 'It is hard.' },
    ]);
    await collection.addField('uses', { kind: 'vector', of: 'metadata.uses', encoder: 'uses:hash:256' });
    const { hits } = await collection.search('open the cellar door', { pipeline: 'uses', k: 2 });
    expect(hits.map(({ id }) => id)).toEqual(['key', 'knife']);
    expect((await collection.verify()).faults).toEqual([]);
  });
});
