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
