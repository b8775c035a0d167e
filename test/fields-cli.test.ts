import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { program } from './support/command.ts';
import { type TestFolder, testFolder } from './support/files.ts';

const pages = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`docs/p${i}.md`, `# Lamp ${i}\n\nThe copper page number ${i} by the river.\n`]),
);

async function sagitta(folder: TestFolder, ...args: string[]) {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const text = async (stream: NodeJS.ReadableStream) => {
    let all = '';
    for await (const piece of stream) all += piece;
    return all;
  };
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, stdout, stderr };
}

describe('sagitta add-field', () => {
  it('adds a field that pipelines search, shows it, and takes it away', async () => {
    using folder = testFolder(pages);
    await sagitta(folder, 'index', 'docs', '--encoder', 'hash:64');
    const added = await sagitta(folder, 'add-field', 'titles', '--of', 'title', '--encoder', 'hash:32');
    expect(added.code, added.stderr).toBe(0);
    expect(added.stdout).toMatch(/^added the field titles of 12 passages with hash:32\n.*fuse\(words, titles\)/);
    const tokens = await sagitta(folder, 'add-field', 'tokens', '--kind', 'vectors', '--encoder', 'hash:32', '--json');
    expect(JSON.parse(tokens.stdout)).toMatchObject({ name: 'tokens', passages: 12, encoded: 12 });
    const pipeline = 'fuse(words, meaning, titles) > rerank(tokens)';
    const found = JSON.parse((await sagitta(folder, 'search', '--json', '--pipeline', pipeline, 'lamp', '7')).stdout);
    expect(found.hits[0].id).toMatch(/p7\.md$/);
    const { stdout } = await sagitta(folder, 'inspect');
    expect(stdout).toMatch(/field titles of title: 12 vectors of 32 components by hash:32/);
    expect(stdout).toMatch(/field tokens of passage: \d+ token vectors of 32 components/);
    expect((await sagitta(folder, 'verify')).stdout).toMatch(/^sound/);
    expect((await sagitta(folder, 'remove-field', 'titles')).stdout).toBe('removed the field titles\n');
    for (const [args, code, message] of [
      [['remove-field', 'tokns'], 2, /Did you mean "tokens"/],
      [['add-field', 'tokens', '--encoder', 'hash:8'], 2, /already.*sagitta remove-field tokens/],
      [['add-field', 'more'], 2, /No encoder is named.*--encoder/],
      [['add-field'], 2, /No field is named/],
      [['add-field', 'x', '--of', 'titel', '--encoder', 'hash:8'], 2, /Did you mean "title"/],
      [['search', '--pipeline', 'titles', 'lamp'], 2, /no field, operator or pipeline "titles"/],
    ] as const) {
      const refused = await sagitta(folder, ...args);
      expect(refused.code, args.join(' ')).toBe(code);
      expect(refused.stderr).toMatch(message);
    }
  }, 240_000);
});
