import { expect, test } from 'vitest';
import { BlockCache } from './block-cache.ts';

test('the blocks of a closed list make room at once, those of others stay', () => {
  const cache = new BlockCache(4);
  const made: string[] = [];
  const make = (name: string) => () => {
    made.push(name);
    return name;
  };
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
