import { describe, expect, it } from 'vitest';
import { sentencesOf } from './sentences.ts';

function said(text: string): string[] {
  return sentencesOf(text).map(({ start, end }) => text.slice(start, end).replace(/\n/g, '⏎'));
}

describe('sentences', () => {
  it('go on over lines that only wrap, and end at those that do not', () => {
    const wrapped =
      'Activations are quantised as they come, with a step\nper row, so that nothing depends on Node\nor others.';
    expect(said(wrapped)).toHaveLength(1);
    expect(said('The harbour of the town was closed by ice until\nMay. It was reopened later.')).toEqual([
      'The harbour of the town was closed by ice until⏎May.',
      'It was reopened later.',
    ]);
    expect(said('Harbour Office\nMole 3\nElbing')).toEqual(['Harbour Office', 'Mole 3', 'Elbing']);
  });

  it('are rows of tables without their rules and headers, and items of lists', () => {
    const table = '| option | default |\n|---|---|\n| `--port` | 7700 |\n| `--host` | 127.0.0.1 |\n';
    expect(said(table)).toEqual(['| `--port` | 7700 |', '| `--host` | 127.0.0.1 |']);
    expect(said('- Red means stop\n- Green means go\n1. One')).toEqual([
      '- Red means stop',
      '- Green means go',
      '1. One',
    ]);
  });

  it('carry the heading above them, and say where they begin without it', () => {
    const text = '## Lamps\n\nA red lamp means stop. A green one does not.';
    const [first, second] = sentencesOf(text);
    expect(text.slice(first!.start, first!.end)).toBe('## Lamps\n\nA red lamp means stop.');
    expect(text.slice(first!.body, first!.end)).toBe('A red lamp means stop.');
    expect(second!.body).toBe(second!.start);
    expect(said('# Only a heading')).toEqual(['# Only a heading']);
  });

  it('are stretches of code without fences, also where a passage begins within one', () => {
    const code = 'Then open it:\n\n```ts\nconst a = 1;\nconst b = 2.5;\n```\n\nDone at last.';
    expect(sentencesOf(code).map(({ kind }) => kind)).toEqual(['prose', 'code', 'prose']);
    expect(said(code)[1]).toBe('const a = 1;⏎const b = 2.5;');
    expect(sentencesOf('await close();\n```\n\nThat is all.').map(({ kind }) => kind)).toEqual(['code', 'prose']);
  });

  it('do not end at abbreviations, initials and dots within code', () => {
    expect(said('Dr. J. R. Smith met Mr. Doe at St. Mary in the U.S. Army. He left.')).toHaveLength(2);
    expect(said('With `? wait. Or` it waits. Then it ends.')).toHaveLength(2);
  });

  it('lose no letter of prose, whatever it is', () => {
    for (const text of [
      '',
      ' \n ',
      '...',
      'a',
      '1.\n2.\n',
      '一。二。三',
      `${'x'.repeat(3000)}`,
      'A. b\n\n```\n\n|||\n# ',
    ])
      expect(
        said(text)
          .join('')
          .replace(/[^\p{L}\p{N}]/gu, ''),
      ).toBe(text.replace(/[^\p{L}\p{N}]/gu, ''));
  });
});
