import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf } from '../src/cli/output.ts';
import { openCollection } from '../src/collection/index.ts';
import { program } from './support/command.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const IDS = ['a\nb', '..', 'a/./b', 'a/b', 'dir/', 'dir/x', '"q"', ' lead', '-dash', 'Zürich/東京', 'line\r\nend'];

let folder: TestFolder;
beforeAll(async () => {
  folder = testFolder();
  await using collection = await openCollection(folder.at('.sagitta'), { create: true, encoder: 'none' });
  await collection.add(IDS.map((id) => ({ id, text: `text of ${JSON.stringify(id)}` })));
});
afterAll(() => folder[Symbol.dispose]());

const sagitta = (args: readonly string[], input = '') => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...program, ...args], {
    cwd: folder.path,
    encoding: 'utf8',
    input,
  });
  return { stdout, stderr, status };
};
const left = async (): Promise<readonly string[]> => {
  await using collection = await openCollection(folder.at('.sagitta'));
  return collection.ids();
};

describe('sagitta remove --from', () => {
  it('takes ids as they are printed, each of them alone, and names those that no document has', async () => {
    const gone = IDS.filter((id) => id !== 'a/b' && id !== 'dir/x');
    const list = gone.map((id) => `${idOf(id)}\n`).join('\n');
    expect(sagitta(['remove', '--from', '-'], list).stdout).toBe(`removed ${gone.length} documents\n`);
    expect([...(await left())].sort()).toEqual(['a/b', 'dir/x']);
    // Nothing else is meant by what is no longer there.
    const again = sagitta(['remove', '--from', '-', '--json'], list);
    expect(JSON.parse(again.stdout)).toEqual({ removed: 0, missing: gone });
    expect(again.status).toBe(3);
    expect(sagitta(['remove', 'a/b', 'b'])).toMatchObject({
      stdout: 'removed 1 document\n',
      stderr: 'No document has the id b.\n',
      status: 0,
    });
    expect(sagitta(['remove', 'none/', 'b'])).toMatchObject({
      stdout: 'removed 0 documents\n',
      stderr: expect.stringMatching(/^No document has the id b\.\nNo document lies in none\/\.\nNothing was removed/),
      status: 3,
    });
    expect(sagitta(['remove']).status).toBe(2);
    expect(sagitta(['remove', '--from', 'none.txt']).stderr).toMatch(/no file none\.txt/);
  }, 60_000);
});
