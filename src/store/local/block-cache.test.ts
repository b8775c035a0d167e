import { expect, test } from 'vitest';
import { Random } from '../../base/random.ts';
import { BlockCache } from './block-cache.ts';

function recording() {
  const made: string[] = [];
  const make = (name: string) => () => {
    made.push(name);
    return name;
  };
  return { made, make };
}

test('the blocks of a closed list make room at once, those of others stay', () => {
  const cache = new BlockCache(4);
  const { made, make } = recording();
  const [a, b] = [cache.list<string>(), cache.list<string>()];
  for (const block of [0, 1]) a.get(block, make(`a${block}`));
  for (const block of [0, 1]) b.get(block, make(`b${block}`));
  a.forget();
  const c = cache.list<string>();
  for (const block of [0, 1]) c.get(block, make(`c${block}`));
  for (const block of [0, 1]) expect(b.get(block, make(`b${block} again`))).toBe(`b${block}`);
  expect(a.get(0, make('a0 again'))).toBe('a0 again');
  expect(made).toEqual(['a0', 'a1', 'b0', 'b1', 'c0', 'c1', 'a0 again']);
});

test('all lists together keep as many blocks as fit, those that are used before those that are not', () => {
  const cache = new BlockCache(10);
  const { made, make } = recording();
  const lists = [cache.list<string>(), cache.list<string>(), cache.list<string>()];
  const random = new Random(3);
  for (let i = 0; i < 2000; i++) {
    const list = random.below(3);
    const block = random.below(50);
    expect(lists[list]!.get(block, make(`${list} ${block}`))).toBe(`${list} ${block}`);
    lists[0]!.get(7, make('0 7'));
  }
  expect(made.filter((name) => name === '0 7')).toHaveLength(1);
  made.length = 0;
  for (const [number, list] of lists.entries())
    for (let block = 0; block < 50; block++) if (block !== 7) list.get(block, make(`${number} ${block}`));
  // What was kept when the pass began was made again as soon as the pass pushed it out, unless it came before that.
  expect(made.length).toBeGreaterThanOrEqual(3 * 49 - 10);
});

test('nothing is made twice of what fits', () => {
  const cache = new BlockCache(30);
  const { made, make } = recording();
  const lists = [cache.list<string>(), cache.list<string>()];
  for (let round = 0; round < 3; round++)
    for (const [number, list] of lists.entries())
      for (let block = 0; block < 15; block++) list.get(block, make(`${number} ${block}`));
  expect(made).toHaveLength(30);
});
