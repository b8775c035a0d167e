import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CodeLanguage, createCodeSplitter, type TreeSitterRuntime } from './code.ts';
import { splitPassages } from './passages.ts';

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve('@vscode/tree-sitter-wasm'));
const splitter = createCodeSplitter({
  runtime: require('@vscode/tree-sitter-wasm') as TreeSitterRuntime,
  loadWasm: (name) => readFile(join(folder, name)),
});

const outline = async (text: string, language: CodeLanguage) =>
  (await splitter.codeBlocks(text, language)).map(({ kind, level, name, start, end }) =>
    kind === 'definition' ? `${level} ${name}` : `${level} ${kind}: ${text.slice(start, end).trim().split('\n')[0]}`,
  );

const samples: Record<CodeLanguage, string> = {
  csharp: 'namespace A {\n  // Note.\n  class B<T> { int C() => 1; }\n}\n',
  php: '<?php\nclass A { /* x */ function b() {} }\necho 1;\n',
  ruby: '# Note.\nclass A\n  def b; end\nend\nputs 1\n',
  shell: '#!/bin/sh\n# Note.\na() { echo 1; }\na\n',
  typescript: `import x from 'y';

/** A parser. */
@injectable()
export class Parser<T> {
  depth = 0;
  /** Parses. 𝒳 */
  parse(text: string): T { return run(text); } // trailing
  static from = () => new Parser();
}

export const helper = async () => 1, other = 2;
export interface Options { a: number }
namespace Inner { export function deep() {} }
exports.old = function () {};
Parser.prototype.more = function () {};
console.log('end');
`,
  tsx: 'export function View() { return <p>hello</p>; }\nexport default class extends Component { render() { return <i/>; } }\n',
  javascript:
    "'use strict';\nfunction* walk() {}\nclass Node { #x = 1; get value() { return 1; } }\nmodule.exports.run = () => {};\n",
  python: `import os

# Says hello.
@decorated
def hello():
    """Docstring."""
    def inner(): pass

class Greeter(Base):
    name = 'x'
    @property
    def full(self): return self.name

if True:
    def conditional(): pass
`,
  go: '// Package p.\npackage p\n\n// Parse parses.\nfunc (p *Parser[T]) Parse() {}\n\ntype (\n  A int\n  B struct{}\n)\nfunc main() {}\n',
  rust: '//! Crate.\nuse x;\n\n/// A point.\n#[derive(Debug)]\npub struct Point;\nimpl<T> Show for Point<T> {\n  fn show(&self) {}\n}\nmod inner { pub fn deep() {} }\nmacro_rules! m { () => {} }\n',
  java: 'package p;\n\n/** A. */\n@Ann public class A {\n  int x;\n  A() {}\n  void m() {}\n  enum E { X; void q() {} }\n}\nrecord R(int a) {}\n',
  c: '#include <x.h>\nstruct point { int x; };\ntypedef struct { int y; } other;\nstatic int *find(struct point p) { return 0; }\nint declared(void);\n',
  cpp: '#ifdef X\nnamespace n {\ntemplate <class T> class A : B { public: void m() {} int x; };\n}\n#endif\nvoid n::A::q() {}\nextern "C" { int c() { return 1; } }\n',
};

describe('source code', () => {
  it.each<[CodeLanguage, string[]]>([
    [
      'typescript',
      [
        "1 code: import x from 'y';",
        '1 Parser',
        '2 Parser.parse',
        '2 Parser.from',
        '1 helper',
        '1 Options',
        '1 Inner',
        '2 Inner.deep',
        '1 old',
        '1 Parser.more',
        "1 code: console.log('end');",
      ],
    ],
    ['tsx', ['1 View', '1 default', '2 default.render']],
    ['javascript', ["1 code: 'use strict';", '1 walk', '1 Node', '2 Node.value', '1 run']],
    ['python', ['1 code: import os', '1 hello', '1 Greeter', '2 Greeter.full', '1 code: if True:', '1 conditional']],
    ['go', ['1 code: // Package p.', '1 Parser.Parse', '1 A, B', '1 main']],
    ['rust', ['1 code: //! Crate.', '1 Point', '1 Point', '2 Point.show', '1 inner', '2 inner.deep', '1 m']],
    ['java', ['1 code: package p;', '1 A', '2 A.A', '2 A.m', '2 A.E', '3 A.E.q', '1 R']],
    ['c', ['1 code: #include <x.h>', '1 point', '1 other', '1 find', '1 code: int declared(void);']],
    [
      'cpp',
      [
        '1 code: #ifdef X',
        '1 n',
        '2 n.A',
        '3 n.A.m',
        '3 code: int x; };',
        '1 code: #endif',
        '1 n.A.q',
        '1 code: extern "C" {',
        '1 c',
      ],
    ],
  ])('in %s is cut into its definitions', async (language, expected) => {
    expect(await outline(samples[language], language)).toEqual(expected);
  });

  it('keeps comments, decorators and what trails on the line with their definition', async () => {
    const text = samples.typescript;
    const blocks = await splitter.codeBlocks(text, 'typescript');
    const named = (name: string) => blocks.find((block) => block.name === name)!;
    expect(text.slice(named('Parser').start, named('Parser').end)).toMatch(/^\/\*\* A parser[\s\S]*depth = 0;$/);
    const parse = text.slice(named('Parser.parse').start, named('Parser.parse').end);
    expect(parse).toMatch(/^ {2}\/\*\* Parses. 𝒳 \*\/[\s\S]*\/\/ trailing$/);
    expect(text.slice(named('Parser.from').start, named('Parser.from').end)).toMatch(/new Parser\(\);\n\}$/);
  });

  it('gives passages the names of what they hold', async () => {
    const text = samples.typescript.replace('return run(text);', 'call(argument, other);\n    '.repeat(60));
    const passages = splitPassages(text, await splitter.codeBlocks(text, 'typescript'), { maxTokens: 60 });
    const inside = passages.filter(({ start, end }) => text.slice(start, end).includes('call(argument'));
    expect(inside.length).toBeGreaterThan(2);
    for (const { headings } of inside.slice(1)) expect(headings).toEqual(['Parser', 'Parser.parse']);
  });

  it('loses no text, whatever is broken in it', async () => {
    const languages = Object.keys(samples) as CodeLanguage[];
    const pieces = languages.flatMap((language) => samples[language].split(/(?<=[\n{}();])/));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...languages),
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 40 }),
        async (language, parts) => {
          const text = parts.join('');
          let last = 0;
          for (const { start, end } of await splitter.codeBlocks(text, language)) {
            expect(text.slice(last, start).trim()).toBe('');
            expect(start).toBeGreaterThanOrEqual(last);
            expect(end).toBeGreaterThan(start);
            last = end;
          }
          expect(text.slice(last).trim()).toBe('');
        },
      ),
      { numRuns: 80 },
    );
  });

  it('beyond a megabyte, or on one line, is cut all the same', async () => {
    const text = 'x = 1;\n\n'.repeat(130_000);
    expect((await splitter.codeBlocks(text, 'javascript')).length).toBe(130_000);
    const begin = performance.now();
    const line = 'function f(){return g(1,2)}'.repeat(5_000);
    expect((await splitter.codeBlocks(line, 'javascript')).length).toBe(5_000);
    expect(performance.now() - begin).toBeLessThan(8_000);
  });

  it('in an unknown language is refused with the list of known ones', async () => {
    await expect(splitter.codeBlocks('x', 'cobol' as CodeLanguage)).rejects.toThrow(/Use one of typescript, tsx/);
  });
});
