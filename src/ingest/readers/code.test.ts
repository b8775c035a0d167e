import { describe, expect, it } from 'vitest';
import { readContent, readOne } from '../../../test/support/ingest.ts';

describe('the source code reader', () => {
  it.each([
    ['a.ts', 'export class Arrow {\n  fly(): void {}\n}\n', 'typescript', ['Arrow', 'Arrow.fly']],
    ['a.tsx', 'export function View() {\n  return <p>x</p>;\n}\n', 'tsx', ['View']],
    ['a.cjs', 'function fly() {}\nmodule.exports = fly;\n', 'javascript', ['fly']],
    ['a.py', 'class Arrow:\n    def fly(self):\n        pass\n', 'python', ['Arrow', 'Arrow.fly']],
    ['a.go', 'package p\n\nfunc Fly() int { return 1 }\n', 'go', ['Fly']],
    ['a.rs', 'fn fly() -> u8 { 1 }\n', 'rust', ['fly']],
    ['A.java', 'class Arrow { int fly() { return 1; } }\n', 'java', ['Arrow', 'Arrow.fly']],
    ['a.h', 'int fly(void) { return 1; }\n', 'c', ['fly']],
    ['a.hpp', 'class Arrow { int fly() { return 1; } };\n', 'cpp', ['Arrow', 'Arrow.fly']],
    [
      'A.cs',
      'using X;\nnamespace Wood\n{\n  /// <summary>Flies.</summary>\n  public class Arrow\n  {\n    public int Fly() => 1;\n    int Size { get; }\n  }\n}\n',
      'csharp',
      ['Wood', 'Wood.Arrow', 'Wood.Arrow.Fly', 'Wood.Arrow.Size'],
    ],
    [
      'B.cs',
      'namespace Wood;\npublic record Bow(int X);\npublic interface IBow { void Bend(); }\n',
      'csharp',
      ['Bow', 'IBow', 'IBow.Bend'],
    ],
    [
      'a.php',
      '<?php\nnamespace A\\B;\nclass Arrow {\n  public function fly() { return 1; }\n}\nfunction shoot() {}\n',
      'php',
      ['A.B', 'Arrow', 'Arrow.fly', 'shoot'],
    ],
    [
      'a.rb',
      'module Wood\n  class Arrow < Thing\n    def fly(a)\n    end\n    def self.make; end\n  end\nend\n',
      'ruby',
      ['Wood', 'Wood.Arrow', 'Wood.Arrow.fly', 'Wood.Arrow.make'],
    ],
    ['a.sh', '#!/bin/sh\nset -e\n# Flies.\nfly() {\n  echo 1\n}\nfly\n', 'shell', ['fly']],
    ['run', '#!/usr/bin/env -S bash -e\nfunction fly { echo 1; }\n', 'shell', ['fly']],
    ['a.kt', 'class Arrow {\n  fun fly() = 1\n}\n', 'kotlin', ['Arrow', 'Arrow.fly']],
    ['a.swift', 'struct Arrow {\n  func fly() {}\n}\n', 'swift', ['Arrow', 'Arrow.fly']],
    ['a.sql', 'create table arrows (id int);\n', 'sql', ['arrows']],
    ['tool', '#!/usr/bin/perl -w\nsub fly { 1 }\n', 'perl', ['fly']],
  ])('finds the definitions in %s', async (name, content, format, names) => {
    const document = await readOne(`src/${name}`, content);
    expect(document).toMatchObject({ format, title: name, text: content, metadata: { folder: 'src' } });
    const definitions = document.blocks.filter(({ kind }) => kind === 'definition');
    expect(definitions.map((block) => block.name)).toEqual(names);
  });

  it('leaves minified code out', async () => {
    const minified = 'var a=1;'.repeat(2000);
    expect(await readContent('bundle.js', minified)).toMatchObject({
      documents: [],
      failures: [],
      skipped: ['generated'],
    });
    expect((await readContent('data.js', 'var a = 1;\n'.repeat(2000))).documents).toHaveLength(1);
  });
});
