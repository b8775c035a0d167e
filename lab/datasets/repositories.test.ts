import { describe, expect, it } from 'vitest';
import { blocksOf } from './repositories.ts';

const lines = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}${i};`).join('\n');

describe('blocks of a file', () => {
  it('are what blank lines separate, merged up to 15 lines, and cut beyond', () => {
    const blocks = blocksOf([lines(4, 'a'), lines(5, 'b'), lines(8, 'c'), lines(20, 'd')].join('\n\n'));
    expect(blocks.map((block) => block.split('\n').length)).toEqual([9, 8, 15, 5]);
    expect(blocks[0]).toContain('a3;\nb0;');
  });

  it('hold every line that is not empty, once and in order', () => {
    const text = `${lines(3, 'a')}\n\n\n  \n${lines(2, 'b')}\n`;
    expect(blocksOf(text).join('\n')).toBe(`${lines(3, 'a')}\n${lines(2, 'b')}`);
    expect(blocksOf('\n\n')).toEqual([]);
  });
});
