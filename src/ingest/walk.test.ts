import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import * as nodeFs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, testFolder } from '../../test/support/files.ts';
import { NotFoundError } from '../base/errors.ts';
import { createScope } from './scope.ts';
import { SkippedFiles } from './skipped.ts';
import type { WalkEvent } from './types.ts';
import { type WalkFileSystem, type WalkOptions, walk } from './walk.ts';

async function events(base: string, paths: readonly string[] = ['.'], options: WalkOptions = {}): Promise<WalkEvent[]> {
  return collect(walk(paths, { base, ...options }));
}

async function files(base: string, paths?: readonly string[], options?: WalkOptions): Promise<string[]> {
  return (await events(base, paths, options)).flatMap((event) => (event.kind === 'file' ? [event.file.path] : []));
}

describe('walk', () => {
  it('yields files depth first in code unit order, with paths relative to the base, sizes and times', async () => {
    using folder = testFolder({ 'b/2.md': 'two', 'b/10.md': 'ten', 'a.md': 'a', 'B.md': 'B', 'é.md': '', 'c.md': '' });
    expect(await files(folder.path)).toEqual(['B.md', 'a.md', 'b/10.md', 'b/2.md', 'c.md', 'é.md']);
    const [first] = await events(folder.path, ['b/2.md']);
    expect(first).toMatchObject({ kind: 'file', file: { path: 'b/2.md', size: 3, explicit: true } });
    expect(first!.kind === 'file' && Date.now() - first!.file.modified).toBeGreaterThan(3_000_000);
  });

  it('gives a file the same path however the caller names it', async () => {
    using folder = testFolder({ 'docs/a.md': 'a' });
    for (const path of ['docs', './docs', 'docs/', folder.at('docs'), 'docs/../docs']) {
      expect(await files(folder.path, [path])).toEqual(['docs/a.md']);
    }
    expect(await files(folder.at('docs'), [folder.path])).toEqual(['a.md']);
  });

  it('shows files outside the base by their absolute path', async () => {
    using folder = testFolder({ 'x/a.md': 'a', 'y/b.md': 'b' });
    expect(await files(folder.at('x'), ['../y'])).toEqual([folder.at('y/b.md')]);
  });

  it('visits a file once when given paths overlap', async () => {
    using folder = testFolder({ 'docs/a.md': 'a', 'docs/guide/b.md': 'b' });
    expect((await files(folder.path, ['docs/guide', 'docs', 'docs/a.md', '.', './docs'])).sort()).toEqual([
      'docs/a.md',
      'docs/guide/b.md',
    ]);
  });

  it('reports a missing path and goes on, and throws when nothing is there', async () => {
    using folder = testFolder({ 'a.md': 'a' });
    const found = await events(folder.path, ['missing.md', 'a.md']);
    expect(found).toMatchObject([
      { kind: 'failure', failure: { path: 'missing.md', reason: expect.stringMatching(/does not exist.*spelling/) } },
      { kind: 'file' },
    ]);
    await expect(files(folder.path, ['nowhere', 'no.txt'])).rejects.toThrow(NotFoundError);
    await expect(files(folder.path, ['nowhere'])).rejects.toThrow(/nowhere does not exist.*Check the spelling/);
    await expect(files(folder.path, [])).rejects.toThrow(/at least one/);
    await expect(files(folder.path, [''])).rejects.toThrow(/not a path/);
  });

  it('finds nothing in an empty folder', async () => {
    using folder = testFolder();
    expect(await events(folder.path)).toEqual([]);
  });

  it('stops when aborted', async () => {
    using folder = testFolder({ 'a.md': '', 'b.md': '' });
    const controller = new AbortController();
    const walking = walk(['.'], { base: folder.path, signal: controller.signal });
    await walking.next();
    controller.abort(new Error('enough'));
    await expect(walking.next()).rejects.toThrow('enough');
  });

  describe('rules of what is left out', () => {
    it('skips hidden entries, .git, .sagitta and node_modules', async () => {
      using folder = testFolder({
        '.env': '',
        '.github/x.md': '',
        '.git/config': '',
        '.sagitta/manifest.json': '',
        'node_modules/p/README.md': '',
        'a.md': '',
      });
      expect(await files(folder.path)).toEqual(['a.md']);
      expect(await files(folder.path, ['.'], { hidden: true })).toEqual(['.env', '.github/x.md', 'a.md']);
      expect(await files(folder.path, ['.'], { ignoreFiles: false })).toEqual(['a.md', 'node_modules/p/README.md']);
      expect(await files(folder.path, ['.github', '.env'])).toEqual(['.github/x.md', '.env']);
    });

    it('enters node_modules, nested ones too, when the given path lies there', async () => {
      using folder = testFolder({
        '.gitignore': 'node_modules/\n',
        '.git/HEAD': '',
        'node_modules/p/README.md': '',
        'node_modules/p/node_modules/q/README.md': '',
      });
      expect(await files(folder.path)).toEqual([]);
      const both = ['node_modules/p/README.md', 'node_modules/p/node_modules/q/README.md'];
      expect(await files(folder.path, ['node_modules'])).toEqual([both[1], both[0]].sort());
      expect(await files(folder.path, ['node_modules/p'])).toEqual(both.sort());
    });

    it('honours nested .gitignore files with negation, anchors and folders', async () => {
      using folder = testFolder({
        '.git/HEAD': '',
        '.gitignore': '*.log\n/build\nsecret/\n!keep.log\n# comment\n\\#odd.md\n',
        'a.md': '',
        'a.log': '',
        'keep.log': '',
        '#odd.md': '',
        'build/x.md': '',
        'sub/build/y.md': '',
        'secret/z.md': '',
        'sub/secret/z.md': '',
        'sub/.gitignore': '!a.log\nkeep.log\n/only-here.md\n',
        'sub/a.log': '',
        'sub/b.log': '',
        'sub/keep.log': '',
        'sub/only-here.md': '',
        'sub/deep/only-here.md': '',
      });
      expect(await files(folder.path)).toEqual([
        'a.md',
        'keep.log',
        'sub/a.log',
        'sub/build/y.md',
        'sub/deep/only-here.md',
      ]);
    });

    it('lets a deeper file take back in a folder that one above leaves out, with what is in it', async () => {
      using folder = testFolder({
        '.git/HEAD': '',
        '.gitignore': 'build\n*.tmp\n',
        'sub/.gitignore': '!build\n',
        'sub/build/x.md': '',
        'sub/build/deep/y.md': '',
        'other/build/z.md': '',
      });
      expect(await files(folder.path)).toEqual(['sub/build/deep/y.md', 'sub/build/x.md']);
    });

    it('asks the ignore files of the folders above, up to the root of the repository', async () => {
      using folder = testFolder({
        '.gitignore': 'outside.md\n',
        'repo/.git/HEAD': '',
        'repo/.git/info/exclude': 'excluded.md\n',
        'repo/.gitignore': '*.log\n/docs/draft.md\n',
        'repo/docs/draft.md': '',
        'repo/docs/a.log': '',
        'repo/docs/a.md': '',
        'repo/docs/excluded.md': '',
        'repo/docs/outside.md': '',
      });
      expect(await files(folder.path, ['repo/docs'])).toEqual(['repo/docs/a.md', 'repo/docs/outside.md']);
      expect(await files(folder.at('repo/docs'))).toEqual(['a.md', 'outside.md']);
    });

    it('without a repository asks the ignore files from the base folder down', async () => {
      using folder = testFolder({ '.gitignore': '*.log\n', 'docs/a.log': '', 'docs/a.md': '' });
      expect(await files(folder.path, ['docs'])).toEqual(['docs/a.md']);
    });

    it('takes a named path although it is ignored, and still honours the rules inside it', async () => {
      using folder = testFolder({
        '.git/HEAD': '',
        '.gitignore': 'dist/\n*.log\n',
        'dist/a.md': '',
        'dist/sub/b.md': '',
        'dist/sub/.gitignore': 'c.md\n',
        'dist/sub/c.md': '',
        'x.log': '',
      });
      expect(await files(folder.path)).toEqual([]);
      expect(await files(folder.path, ['dist', 'x.log'])).toEqual(['dist/a.md', 'dist/sub/b.md', 'x.log']);
    });

    it("lets .sagittaignore add to git's rules and overrule them", async () => {
      using folder = testFolder({
        '.git/HEAD': '',
        '.gitignore': 'notes/\n',
        '.sagittaignore': '!notes/\ndrafts/\n',
        'notes/a.md': '',
        'drafts/b.md': '',
        'c.md': '',
      });
      expect(await files(folder.path)).toEqual(['c.md', 'notes/a.md']);
      expect(await files(folder.path, ['.'], { ignoreFiles: false })).toEqual(['c.md', 'drafts/b.md', 'notes/a.md']);
    });

    it('agrees with git on a repository with many kinds of patterns', async () => {
      using folder = testFolder({
        '.gitignore': [
          'a/**/z.md',
          '**/tmp',
          'x?.md',
          'doc/*.md',
          '!doc/keep.md',
          'q[0-9].md',
          'trail/ ',
          'sp\\ ace.md',
        ].join('\n'),
        'a/z.md': '',
        'a/b/c/z.md': '',
        'a/b/y.md': '',
        'k/tmp/f.md': '',
        tmp: '',
        'x1.md': '',
        'x12.md': '',
        'doc/one.md': '',
        'doc/keep.md': '',
        'doc/sub/two.md': '',
        'q5.md': '',
        'qa.md': '',
        'trail/f.md': '',
        'sp ace.md': '',
        'ünï/ж.md': '',
      });
      const { execFileSync } = await import('node:child_process');
      let expected: string[];
      try {
        execFileSync('git', ['init', '-q'], { cwd: folder.path });
        const listed = execFileSync('git', ['ls-files', '-z', '--others', '--exclude-standard'], { cwd: folder.path });
        expected = listed
          .toString()
          .split('\0')
          .filter((path) => path !== '' && !path.startsWith('.'));
      } catch {
        return;
      }
      expect(expected.length).toBeGreaterThan(5);
      expect((await files(folder.path)).sort()).toEqual(expected.sort());
    });

    it('skips generated files visibly, unless they are named', async () => {
      using folder = testFolder({ 'package-lock.json': '{}', 'app.min.js': '', 'app.js.map': '', 'app.js': '' });
      expect(await events(folder.path)).toMatchObject([
        { kind: 'file', file: { path: 'app.js' } },
        { kind: 'skipped', skipped: { path: 'app.js.map', reason: 'generated' } },
        { kind: 'skipped', skipped: { path: 'app.min.js', reason: 'generated' } },
        { kind: 'skipped', skipped: { path: 'package-lock.json', reason: 'generated' } },
      ]);
      expect(await files(folder.path, ['package-lock.json'])).toEqual(['package-lock.json']);
    });

    it('says what a rule leaves out, folders as one, and nothing of the files that tools leave', async () => {
      using folder = testFolder({
        '.gitignore': 'build\n*.tmp\n',
        '.DS_Store': '',
        '.env': '',
        '.obsidian/app.json': '',
        'build/a.md': '',
        'node_modules/b/c.md': '',
        'd.md': '',
        'e.tmp': '',
      });
      const leftOut = (await events(folder.path)).flatMap((event) =>
        event.kind === 'skipped' ? [`${event.skipped.path} ${event.skipped.reason}`] : [],
      );
      expect(leftOut).toEqual([
        '.env hidden',
        '.obsidian/ hidden',
        'build/ ignored',
        'e.tmp ignored',
        'node_modules/ ignored',
      ]);
      const all = await events(folder.path, ['.'], { ignoreFiles: false, hidden: true });
      expect(all.filter(({ kind }) => kind === 'skipped')).toEqual([]);
      const skipped = new SkippedFiles();
      for (const event of await events(folder.path)) if (event.kind === 'skipped') skipped.add(event.skipped);
      expect(skipped.count).toBe(0);
      expect(skipped.groups()).toEqual([
        { reason: 'ignored', extension: '', count: 3, example: 'build/' },
        { reason: 'hidden', extension: '', count: 2, example: '.env' },
      ]);
    });

    it('applies include and exclude patterns, and never enters a skipped folder', async () => {
      using folder = testFolder({ 'a.md': '', 'a.txt': '', 'old/b.md': '', 'new/c.md': '', 'mine/d.md': '' });
      expect(await files(folder.path, ['.'], { include: ['*.md'], exclude: ['/old', 'c.md'] })).toEqual([
        'a.md',
        'mine/d.md',
      ]);
      expect(await files(folder.path, ['.'], { include: ['new/', 'a.*', '!a.txt'] })).toEqual(['a.md', 'new/c.md']);
      expect(await files(folder.path, ['.'], { skipFolders: ['mine'] })).not.toContain('mine/d.md');
    });

    it('understands patterns that the shell did not expand', async () => {
      using folder = testFolder({ 'docs/a.md': '', 'docs/b.txt': '', 'docs/sub/c.md': '', 'x.md': '' });
      expect(await files(folder.path, ['docs/*.md'])).toEqual(['docs/a.md']);
      expect(await files(folder.path, ['docs/**/*.md'])).toEqual(['docs/a.md', 'docs/sub/c.md']);
      expect(await files(folder.path, ['*.md'])).toEqual(['x.md']);
      expect(await files(folder.path, ['*.md', 'docs/?.txt'])).toEqual(['x.md', 'docs/b.txt']);
    });
  });

  describe('links', () => {
    it('follows links to files inside the folder, not out of it, and reports the others as skipped', async () => {
      using folder = testFolder({ 'in/a.md': 'a', 'out/b.md': 'b' });
      symlinkSync('a.md', folder.at('in/link.md'));
      symlinkSync('../out/b.md', folder.at('in/leaves.md'));
      symlinkSync('nowhere', folder.at('in/broken.md'));
      symlinkSync('self.md', folder.at('in/self.md'));
      expect(await events(folder.path, ['in'])).toMatchObject([
        { kind: 'file', file: { path: 'in/a.md' } },
        { kind: 'skipped', skipped: { path: 'in/broken.md', reason: 'link' } },
        { kind: 'skipped', skipped: { path: 'in/leaves.md', reason: 'link' } },
        { kind: 'file', file: { path: 'in/link.md' } },
        { kind: 'skipped', skipped: { path: 'in/self.md', reason: 'link' } },
      ]);
      expect(await files(folder.path, ['in'], { followLinks: true })).toEqual([
        'in/a.md',
        'in/leaves.md',
        'in/link.md',
      ]);
    });

    it('ends on cycles of linked folders, entering each real folder once under its own name', async () => {
      using folder = testFolder({ 'a/x.md': '', 'b/y.md': '', 'z/z.md': '' });
      symlinkSync('..', folder.at('a/up'));
      symlinkSync('../b', folder.at('a/b'));
      symlinkSync('../a', folder.at('b/a'));
      symlinkSync('.', folder.at('b/self'));
      expect(await files(folder.path)).toEqual(['a/x.md', 'b/y.md', 'z/z.md']);
      expect(await files(folder.path, ['.'], { followLinks: true })).toEqual(['a/x.md', 'b/y.md', 'z/z.md']);
      expect(await files(folder.path, ['a'], { followLinks: true })).toEqual(['a/x.md', 'a/b/y.md', 'a/up/z/z.md']);
    });

    it('follows a link that the caller names', async () => {
      using folder = testFolder({ 'real/a.md': '', 'b.md': '' });
      symlinkSync('real', folder.at('linked'));
      symlinkSync('b.md', folder.at('c.md'));
      expect(await files(folder.path, ['linked', 'c.md'])).toEqual(['linked/a.md', 'c.md']);
    });
  });

  describe('what goes wrong', () => {
    const refusing = (paths: readonly string[], code: string): WalkFileSystem => {
      const guard =
        <A extends unknown[], R>(call: (...args: A) => R) =>
        (...args: A): R => {
          if (paths.includes(String(args[0]))) {
            throw Object.assign(new Error(`${code}: refused`), { code, syscall: 'open' });
          }
          return call(...args);
        };
      return {
        ...nodeFs,
        readdir: guard(async (...args: Parameters<typeof nodeFs.readdir>) => nodeFs.readdir(...args)) as never,
        stat: guard(async (...args: Parameters<typeof nodeFs.stat>) => nodeFs.stat(...args)) as never,
      };
    };

    it('turns an unreadable folder or file into a failure and goes on', async () => {
      using folder = testFolder({ 'a/x.md': '', 'b/y.md': '', 'c.md': '' });
      const fs = refusing([folder.at('a'), folder.at('c.md')], 'EACCES');
      // Only listing `a` is refused, not looking at it.
      const lenient = {
        ...fs,
        stat: async (path: string) => (path.endsWith('/a') ? nodeFs.stat(path) : fs.stat(path)),
      };
      expect(await events(folder.path, ['.'], { fs: lenient as WalkFileSystem })).toMatchObject([
        { kind: 'failure', failure: { path: 'a', reason: expect.stringMatching(/^Permission denied.*exclude it\.$/) } },
        { kind: 'file', file: { path: 'b/y.md' } },
        { kind: 'failure', failure: { path: 'c.md', reason: expect.stringMatching(/^Permission denied/) } },
      ]);
    });

    it('reports sockets and the like as skipped', async () => {
      using folder = testFolder({ 'a.md': '' });
      const { createServer } = await import('node:net');
      const server = createServer();
      await new Promise<void>((done) => server.listen(folder.at('socket'), done));
      try {
        expect(await events(folder.path)).toMatchObject([
          { kind: 'file' },
          { kind: 'skipped', skipped: { path: 'socket', reason: 'special' } },
        ]);
      } finally {
        server.close();
      }
    });

    it('says what is wrong with a name that is not UTF-8', async () => {
      using folder = testFolder({ 'a.md': '' });
      writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0x66, 0xe9, 0x2e, 0x6d, 0x64])]), 'x');
      const failures = (await events(folder.path)).filter((event) => event.kind === 'failure');
      expect(failures).toMatchObject([{ failure: { reason: expect.stringContaining('not valid UTF-8') } }]);
    });

    it('keeps names that differ only in case or in Unicode composition apart', async () => {
      using folder = testFolder({ 'A.md': '', 'a.md': '', 'caf\u00e9.md': '', 'cafe\u0301.md': '' });
      const found = await files(folder.path);
      expect(new Set(found).size).toBe(found.length);
      expect(found.length).toBeGreaterThanOrEqual(2);
    });

    it('walks a folder hundreds deep', async () => {
      using folder = testFolder();
      let inner = folder.at('d');
      mkdirSync(inner);
      for (let depth = 0; depth < 500; depth++) {
        inner = join(inner, 'd');
        mkdirSync(inner);
      }
      writeFileSync(join(inner, 'x.md'), '');
      expect(await files(folder.path)).toHaveLength(1);
    });
  });
});

describe('createScope', () => {
  it('covers what lies under the given paths and passes the patterns', () => {
    const scope = createScope(['docs', 'notes.pdf'], { base: '/p', exclude: ['*.log'] });
    expect(['docs/a.md', 'docs/x/y.txt', 'notes.pdf'].map((path) => scope.covers(path))).toEqual([true, true, true]);
    for (const path of ['docs2/a.md', 'notes.pdf2', 'docs/a.log', 'other.md', '/docs/a.md']) {
      expect(scope.covers(path)).toBe(false);
    }
    expect(createScope(['.'], { base: '/p' }).covers('anything/at/all')).toBe(true);
    expect(createScope(['.'], { base: '/p' }).covers('/elsewhere/a.md')).toBe(false);
    expect(createScope(['/elsewhere'], { base: '/p' }).covers('/elsewhere/a.md')).toBe(true);
    expect(createScope(['docs/*.md'], { base: '/p' }).covers('docs/a.md')).toBe(true);
    expect(createScope(['docs/*.md'], { base: '/p' }).covers('docs/x/a.md')).toBe(false);
  });

  it('survives a root that disappears between looking and listing', async () => {
    using folder = testFolder({ 'a/x.md': '', 'b.md': '' });
    const walking = walk(['b.md', 'a'], { base: folder.path });
    expect((await walking.next()).value).toMatchObject({ kind: 'file', file: { path: 'b.md' } });
    renameSync(folder.at('a'), folder.at('gone'));
    expect((await walking.next()).value).toMatchObject({ kind: 'failure', failure: { path: 'a' } });
  });
});
