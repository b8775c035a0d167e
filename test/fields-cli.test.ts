import { describe, expect, it } from 'vitest';
import { sagittaIn } from './support/command.ts';
import { testFolder } from './support/files.ts';

const pages = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`docs/p${i}.md`, `# Lamp ${i}\n\nThe copper page number ${i} by the river.\n`]),
);

describe('sagitta add-field', () => {
  it('adds a field that pipelines search, shows it, and takes it away', async () => {
    using folder = testFolder(pages);
    await sagittaIn(folder.path, 'index', 'docs', '--encoder', 'hash:64');
    const added = await sagittaIn(folder.path, 'add-field', 'titles', '--of', 'title', '--encoder', 'hash:32');
    expect(added.code, added.stderr).toBe(0);
    expect(added.stdout).toMatch(/^added the field titles of 12 passages with hash:32\n.*fuse\(words, titles\)/);
    const tokens = await sagittaIn(
      folder.path,
      'add-field',
      'tokens',
      '--kind',
      'vectors',
      '--encoder',
      'hash:32',
      '--json',
    );
    expect(JSON.parse(tokens.stdout)).toMatchObject({ name: 'tokens', passages: 12, encoded: 12 });
    const pipeline = 'fuse(words, meaning, titles) > rerank(tokens)';
    const found = JSON.parse(
      (await sagittaIn(folder.path, 'search', '--json', '--pipeline', pipeline, 'lamp', '7')).stdout,
    );
    expect(found.hits[0].id).toMatch(/p7\.md$/);
    const { stdout } = await sagittaIn(folder.path, 'inspect');
    expect(stdout).toMatch(/field titles of title: 12 vectors of 32 components by hash:32/);
    expect(stdout).toMatch(/field tokens of passage: \d+ token vectors of 32 components/);
    expect((await sagittaIn(folder.path, 'verify')).stdout).toMatch(/^sound/);
    expect((await sagittaIn(folder.path, 'remove-field', 'titles')).stdout).toBe('removed the field titles\n');
    for (const [args, code, message] of [
      [['remove-field', 'tokns'], 2, /Did you mean "tokens"/],
      [['add-field', 'tokens', '--encoder', 'hash:8'], 2, /already.*sagitta remove-field tokens/],
      [['add-field', 'more'], 2, /No encoder is named.*--encoder/],
      [['add-field'], 2, /No field is named/],
      [['add-field', 'x', '--of', 'titel', '--encoder', 'hash:8'], 2, /Did you mean "title"/],
      [['search', '--pipeline', 'titles', 'lamp'], 2, /no field, operator or pipeline "titles"/],
    ] as const) {
      const refused = await sagittaIn(folder.path, ...args);
      expect(refused.code, args.join(' ')).toBe(code);
      expect(refused.stderr).toMatch(message);
    }
  }, 240_000);
});
