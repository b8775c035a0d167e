import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as encode from '../../src/encode/index.ts';
import { OPERATORS } from '../../src/search/index.ts';
import { ENCODERS, SourceCode } from './code.ts';
import { root as checkout } from './places.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sagitta-code-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const FILES: Readonly<Record<string, string>> = {
  'lab/papers/toy/index.ts': `
    import { loss, type Options } from '../../../src/train/index.ts';
    import { helper } from './helper.ts';
    const options: Options = { scale: 2 };
    export const claims = [{ id: 'a', statement: 'About toys.', check: () => loss(helper(options)) }];`,
  'lab/papers/toy/helper.ts': 'export function helper<T>(options: T): T {\n  return options;\n}',
  'src/train/index.ts': "export { loss, type Options } from './loss.ts';\nexport { other } from './other.ts';",
  'src/train/loss.ts': `
    import { Table } from '../base/table.ts';
    export interface Options { readonly scale: number }
    const FACTOR = 3;
    export function loss({ scale }: Options): number { return new Table().sum() * scale * FACTOR; }
    export function unused(): number { return 1; }`,
  'src/train/other.ts': 'export const other = 1;',
  'src/base/table.ts': 'export class Table { #n = 1; sum(): number { return this.#n; } mean(): number { return 0; } }',
};

/** @param changes files that are other than {@link FILES}; `undefined` for those that are not there. */
function hash(changes: Readonly<Record<string, string | undefined>> = {}): string {
  rmSync(root, { recursive: true, force: true });
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return new SourceCode(root).hashOf('toy', 'use-lite')!;
}

const edited = (path: string, from: string, to: string): Record<string, string> => {
  expect(FILES[path]).toContain(from);
  return { [path]: FILES[path]!.replaceAll(from, to) };
};

describe('the hash of the code that a paper reaches', () => {
  it('does not look into what tests hold to another implementation, but at its version', () => {
    const encoder = (body: string, version: string, used = true) =>
      hash({
        'src/train/loss.ts': `${FILES['src/train/loss.ts']!.replace('return new Table', used ? 'return bertEncoder() * new Table' : 'return new Table')}
          export function bertEncoder(): number { return ${body}; }`,
        'src/encode/bert/loaded.ts': `const PREPARATION = ${version};`,
      });
    expect(encoder('1 + 1', '5')).toBe(encoder('2', '5'));
    expect(encoder('1 + 1', '5')).not.toBe(encoder('1 + 1', '6'));
    expect(encoder('1 + 1', '5')).not.toBe(encoder('1 + 1', '5', false));
  });

  it('follows tables of parts by the names that are said of them', () => {
    const operators = (parts: string, said: string) =>
      hash({
        'src/train/loss.ts': FILES['src/train/loss.ts']!.replace(
          'new Table',
          `of('a > ${said}(2)') * new Table`,
        ).replace('import', "import { of } from '../search/pipeline/operators.ts';\n import"),
        'src/search/pipeline/operators.ts': `${parts}
          const OPERATORS = new Map([cut, group].map((one) => [one.name, one]));
          export function of(text: string): number { return OPERATORS.get(text); }`,
      });
    const [cut, group] = ['const cut = { name: "cut" };', 'const group = { name: "group" };'];
    const before = operators(cut + group, 'cut');
    expect(operators(cut + group.replace('{', '{ of: 1, '), 'cut')).toBe(before);
    expect(operators(cut.replace('{', '{ of: 1, ') + group, 'cut')).not.toBe(before);
    expect(operators(cut + group, 'group')).not.toBe(before);
    const forms = (more: string, said: string) =>
      hash({
        'src/train/loss.ts': FILES['src/train/loss.ts']!.replace('new Table', `of('${said}:a') * new Table`).replace(
          'import',
          "import { of } from '../encode/registry.ts';\n import",
        ),
        'src/encode/registry.ts': `const FORMS = { 'use-lite': { open: () => 1 }, bert: { async open() { ${more} } } };
          export function of(text: string): number { return FORMS[text]; }`,
      });
    expect(forms('return 1;', 'hash')).toBe(forms('return 2;', 'hash'));
    expect(forms('return 1;', 'bert')).not.toBe(forms('return 2;', 'bert'));
  });

  it('knows the tables by the names that their parts have', () => {
    for (const [name, operator] of OPERATORS) expect(operator.name).toBe(name);
    const listed = /new Map\(\s*\[([^\]]*)\]/.exec(
      readFileSync(join(checkout, 'src/search/pipeline/operators.ts'), 'utf8'),
    )![1]!;
    expect(listed.split(',').map((name) => name.trim())).toEqual([...OPERATORS.keys()]);
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['a constant of a loss', edited('src/train/loss.ts', 'FACTOR = 3', 'FACTOR = 4')],
    ['an operator', edited('src/train/loss.ts', 'scale * FACTOR', 'scale / FACTOR')],
    ['a sign', edited('src/train/loss.ts', '* scale', '* -scale')],
    ['a method that it calls', edited('src/base/table.ts', 'return this.#n;', 'return 2 * this.#n;')],
    ['a field of a class', edited('src/base/table.ts', '#n = 1', '#n = 2')],
    ['a setting of its own', edited('lab/papers/toy/index.ts', 'scale: 2', 'scale: 3')],
    ['another function under the same name', edited('lab/papers/toy/index.ts', '{ loss,', '{ other as loss,')],
    ['what happens when a file is loaded', { 'src/train/loss.ts': `${FILES['src/train/loss.ts']}\nglobalThis.x = 1;` }],
  ])('changes with %s', (_, changes) => {
    expect(hash(changes)).not.toBe(hash());
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['comments and layout', edited('src/train/loss.ts', 'return new', '// So many.\n\n      return  new')],
    ['types', edited('src/train/loss.ts', 'scale: number }', 'scale: number; readonly more?: string }')],
    ['brackets and commas', edited('lab/papers/toy/index.ts', '{ scale: 2 }', '({ scale: 2, })')],
    ['what it does not use', edited('src/train/loss.ts', 'return 1;', 'return 2;')],
    ['methods that nobody calls', edited('src/base/table.ts', 'return 0;', 'return 1;')],
    ['files beside', edited('src/train/other.ts', '= 1', '= 2')],
    ['what is said of a claim', edited('lab/papers/toy/index.ts', 'About toys.', 'On toys.')],
    [
      'a file that moves',
      {
        ...edited('src/train/loss.ts', '../base/table.ts', '../math/rows.ts'),
        'src/base/table.ts': undefined,
        'src/math/rows.ts': FILES['src/base/table.ts'],
      },
    ],
    [
      'a function that moves to another file',
      {
        ...edited('src/train/index.ts', './loss.ts', './losses/one.ts'),
        'src/train/loss.ts': undefined,
        'src/train/losses/one.ts': `import { Table } from '../../base/table.ts';
          import { FACTOR } from '../factor.ts';
          export function loss({ scale }: { scale: number }): number { return new Table().sum() * scale * FACTOR; }`,
        'src/train/factor.ts': 'export const FACTOR = 3;',
      },
    ],
  ])('does not change with %s', (_, changes) => {
    expect(hash(changes)).toBe(hash());
  });

  it('knows what opens each kind of encoder', async () => {
    for (const name of Object.values(ENCODERS)) expect(encode).toHaveProperty(name);
    const forms = await encode.openEncoder('no-such').catch(({ message }) => message);
    for (const [, kind] of String(forms).matchAll(/([a-z-]+)(?=:<|, |\.$)/g))
      if (kind !== 'none' && kind !== 'tuned') expect(ENCODERS, kind).toHaveProperty(kind!);
  });

  it('is there of any export as well', () => {
    const path = join(root, 'src/train/loss.ts');
    const of = (changes: Record<string, string> = {}, name = 'loss') => {
      hash(changes);
      return new SourceCode(root).hashOfExport(path, name);
    };
    expect(of(edited('src/base/table.ts', '#n = 1', '#n = 2'))).not.toBe(of());
    expect(of(edited('lab/papers/toy/index.ts', 'scale: 2', 'scale: 3'))).toBe(of());
    expect(() => of({}, 'no-such')).toThrow(/does not export no-such/);
  });

  it('is there only for papers with code', () => {
    hash();
    expect(new SourceCode(root).hashOf('no-such-paper', 'use-lite')).toBeUndefined();
  });
});
