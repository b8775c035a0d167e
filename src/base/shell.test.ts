import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from './shell.ts';

it('words of commands mean themselves in a shell, and plain ones stay as they are', () => {
  for (const plain of ['.sagitta', '/srv/docs', 'tuned:adapter-1', 'ivf1024,pq16x8,refine:full', 'größe']) {
    expect(shellWord(plain)).toBe(plain);
  }
  const words = [
    'extended:minilm?window=1024&positions=grouped',
    'my folder',
    "it's",
    '',
    '*.md',
    '$HOME',
    'a`b`',
    '~',
    'a\nb',
    '"',
  ];
  const said = execFileSync('/bin/sh', [
    '-c',
    `for word in ${words.map(shellWord).join(' ')}; do printf '%s\\0' "$word"; done`,
  ]);
  expect(said.toString().split('\0').slice(0, -1)).toEqual(words);
});
