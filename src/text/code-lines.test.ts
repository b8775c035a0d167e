import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinedLanguage, linedBlocks } from './code-lines.ts';

const samples: readonly (readonly [LinedLanguage, string, readonly string[]])[] = [
  [
    'kotlin',
    'package a\n\n/** Flies. */\n@Serializable\ndata class Arrow(val x: Int) {\n    override fun fly(): Int = 1\n    companion object Maker\n}\n\nfun <T> String.shoot(a: T) {}\n',
    ['code', '1 Arrow', '2 Arrow.fly', '2 Arrow.Maker', '1 shoot'],
  ],
  [
    'swift',
    'import UIKit\n\nfinal class Arrow: Thing {\n  init(x: Int) {}\n  func fly() -> Int { 1 }\n}\nextension Arrow {\n}\n',
    ['code', '1 Arrow', '2 Arrow.init', '2 Arrow.fly', '1 Arrow'],
  ],
  [
    'scala',
    'object Main extends App {\n  def fly(a: Int) = a\n}\ncase class Point(x: Int)\n',
    ['1 Main', '2 Main.fly', '1 Point'],
  ],
  [
    'sql',
    'SET x = 1;\n\n-- People.\nCREATE TABLE IF NOT EXISTS public.people (\n  id int\n);\ncreate or replace function "Count"() returns int as $$\n$$;\n',
    ['code', '1 public.people', '1 Count'],
  ],
  ['lua', 'local M = {}\nfunction M.fly(a)\nend\nM.land = function() end\n', ['code', '1 M.fly', '1 M.land']],
  ['perl', 'package Arrow;\nuse strict;\n# Flies.\nsub fly { 1 }\n', ['1 Arrow', '1 fly']],
  ['r', 'library(x)\nfly <- function(a) {\n  a\n}\n', ['code', '1 fly']],
  ['elixir', 'defmodule Arrow do\n  @doc "Flies."\n  def fly(a), do: a\nend\n', ['1 Arrow', '2 Arrow.fly']],
  ['powershell', 'param($a)\nfunction Get-Arrow {\n}\n', ['code', '1 Get-Arrow']],
  ['haskell', 'module Arrow where\n\nfly :: Int -> Int\nfly = id\n', ['1 Arrow', '1 fly']],
];

describe('linedBlocks', () => {
  it.each(samples)('finds the definitions of %s', (language, text, names) => {
    const blocks = linedBlocks(text, language);
    expect(blocks.map(({ kind, level, name }) => (kind === 'definition' ? `${level} ${name}` : kind))).toEqual(names);
  });

  it('gives comments and annotations to what they stand above', () => {
    const source = samples[0]![1];
    const arrow = linedBlocks(source, 'kotlin').find(({ name }) => name === 'Arrow')!;
    expect(source.slice(arrow.start, arrow.end)).toMatch(/^\/\*\* Flies/);
  });

  it('covers every visible character once, in order', () => {
    const pieces = fc.constantFrom(
      'fun a() {',
      '\n',
      '  ',
      '}',
      'class B',
      '// note',
      '@x',
      '\n\n',
      'val a = 1',
      'create table t (',
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 30 }),
        fc.constantFrom<LinedLanguage>('kotlin', 'sql', 'swift'),
        (parts, language) => {
          const text = parts.join('');
          let at = 0;
          let seen = '';
          for (const { start, end } of linedBlocks(text, language)) {
            expect(start).toBeGreaterThanOrEqual(at);
            seen += text.slice(start, end);
            at = end;
          }
          expect(seen.replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
        },
      ),
    );
  });
});
