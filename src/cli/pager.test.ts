import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TestFolder, testFolder } from '../../test/support/files.ts';
import { print } from './output.ts';
import { paged } from './pager.ts';

let folder: TestFolder;
beforeEach(() => {
  folder = testFolder();
});
afterEach(() => {
  folder[Symbol.dispose]();
  vi.unstubAllEnvs();
});

/** A screen that remembers, with room for so many lines. */
function screenOf(rows: number) {
  let written = '';
  return {
    isTTY: true,
    rows,
    columns: 20,
    write: (text: string) => {
      written += text;
    },
    written: () => written,
  };
}

const lines = async (): Promise<number> => {
  for (const line of ['one', 'two', '\u001b[33mthree\u001b[39m', 'a line of more than twenty signs']) print(line);
  return 4;
};
const TEXT = 'one\ntwo\n\u001b[33mthree\u001b[39m\na line of more than twenty signs\n';

describe('paged', () => {
  it('shows what is longer than the screen in the pager, and all else on the screen', async () => {
    const kept = folder.at('kept');
    vi.stubEnv('PAGER', `cat > '${kept}'`);
    const small = screenOf(6);
    expect(await paged(true, lines, small)).toBe(4);
    expect(readFileSync(kept, 'utf8')).toBe(TEXT);
    expect(small.written()).toBe('');

    // Five lines, one of them of two, and the prompt.
    const large = screenOf(7);
    await paged(true, lines, large);
    expect(large.written()).toBe(TEXT);
  });

  it('leaves it to the screen where there is no such pager, and one that stops reading is no failure', async () => {
    vi.stubEnv('PAGER', 'no-such-pager 2>/dev/null');
    const screen = screenOf(2);
    await paged(true, lines, screen);
    expect(screen.written()).toBe(TEXT);

    vi.stubEnv('PAGER', 'true');
    const left = screenOf(2);
    const many = async (): Promise<void> => print('x'.repeat(2_000_000));
    await paged(true, many, left);
    expect(left.written()).toBe('');
  });

  it('prints what came before a failure', async () => {
    vi.stubEnv('PAGER', 'no-such-pager 2>/dev/null');
    const screen = screenOf(2);
    const failing = async (): Promise<void> => {
      print('so far');
      throw new Error('no more');
    };
    await expect(paged(true, failing, screen)).rejects.toThrow('no more');
    expect(screen.written()).toBe('so far\n');
  });

  it('does not look at what goes to a file, or what was asked to come as it is', async () => {
    vi.stubEnv('SAGITTA_PAGER', `cat > '${folder.at('kept')}'`);
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await paged(true, lines, { ...screenOf(2), isTTY: false });
      await paged(false, lines, screenOf(2));
      vi.stubEnv('SAGITTA_PAGER', '');
      await paged(true, lines, screenOf(2));
      expect(out.mock.calls.map(([text]) => text).join('')).toBe(TEXT.repeat(3));
    } finally {
      out.mockRestore();
    }
    expect(() => readFileSync(folder.at('kept'))).toThrow(/ENOENT/);
  });
});
