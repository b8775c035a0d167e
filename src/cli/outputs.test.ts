import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../test/support/files.ts';
import { InvalidArgumentError } from '../base/errors.ts';
import { compareCommand } from './compare-command.ts';
import { evalCommand } from './eval-command.ts';
import { exportCommand } from './export-command.ts';
import { learnCompressorCommand } from './learn-compressor-command.ts';
import { checkOutputFolder, checkOutputs } from './outputs.ts';
import { planCommand } from './plan-command.ts';
import { poolCommand } from './pool-command.ts';
import { tuneCommand } from './tune-command.ts';
import { tuneFeedbackCommand } from './tune-feedback-command.ts';
import { tuneImpactCommand } from './tune-impact-command.ts';
import { tuneRerankerCommand } from './tune-reranker-command.ts';
import { vectorsBench, vectorsBuild } from './vectors-command.ts';

describe('places for what a command makes', () => {
  it('are tried before, and left as they were', async () => {
    using folder = testFolder({ 'a.txt': 'x', 'out/.keep': '' });
    await checkOutputs([folder.at('a.txt'), '--out'], [folder.at('new/deep/b.txt'), '--out'], [undefined, '--html']);
    await checkOutputs(['/dev/null', '--out']);
    await checkOutputFolder(folder.at('out'), '--runs');
    await checkOutputFolder(folder.at('runs/deep'), '--runs');
    expect(readFileSync(folder.at('a.txt'), 'utf8')).toBe('x');
    expect(readdirSync(folder.path).sort()).toEqual(['a.txt', 'out']);
    expect(readdirSync(folder.at('out'))).toEqual(['.keep']);
  });

  it('that cannot be written are refused with what to name in their place', async () => {
    using folder = testFolder({ 'a.txt': 'x' });
    await expect(checkOutputs([folder.path, '--out'])).rejects.toThrow(
      `${folder.path} is a folder, and a file is needed.`,
    );
    await expect(checkOutputs([folder.at('a.txt/b/c'), '--out'])).rejects.toThrow(/is a file, or lies below one/);
    await expect(checkOutputs(['', '--out'])).rejects.toThrow('--out names no file.');
    await expect(checkOutputFolder(folder.at('a.txt'), '--runs')).rejects.toThrow(/is a file, or lies below one/);
    expect(existsSync(folder.at('a.txt'))).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self'))(
    'are refused by the option that names them where the system takes nothing',
    async () => {
      await expect(checkOutputs(['/proc/none/x', '--out'])).rejects.toThrow(
        '/proc/none/x does not exist, or cannot be made.',
      );
      await expect(checkOutputFolder('/proc/none', '--runs')).rejects.toThrow(
        '/proc/none does not exist, or cannot be made.',
      );
    },
  );
});

describe('a command whose result could not be written', () => {
  const { signal } = new AbortController();
  // What it is to read is not there: it would be missed if the place were tried only after that.
  const none = '/nowhere/at-all';
  const common = {
    in: none,
    json: false,
    quiet: true,
    seed: 1,
    queries: none,
    qrels: none,
    pairs: none,
    synthetic: false,
    dryRun: false,
  };
  const encoder = { ...common, what: 'adapter', curriculum: false, distill: false, resume: false } as const;
  const commands: Record<string, (folder: string) => Promise<void>> = {
    'learn-compressor': (out) => learnCompressorCommand({ ...common, out, k: 5, by: 'signals' }, signal),
    'tune --report': (report) => tuneCommand({ ...encoder, report }, signal),
    'tune --curve': (curve) => tuneCommand({ ...encoder, report: '/dev/null', curve }, signal),
    'tune --what feedback': (report) => tuneFeedbackCommand({ ...common, report }, signal),
    'tune --what impact': (report) => tuneImpactCommand({ ...common, report }, signal),
    'tune --what reranker': (report) => tuneRerankerCommand({ ...common, report }, signal),
    'eval --html': (html) =>
      evalCommand(
        none,
        { ...common, retriever: ['bm25'], depth: 10, excludeSelf: false, level: 0.05, version: '', html },
        signal,
      ),
    'compare --html': (html) =>
      compareCommand([none], { ...common, excludeSelf: false, level: 0.05, relevance: 1, version: '', html }),
    'vectors build': (out) => vectorsBuild(none, { json: false, spec: 'sq8', metric: 'ip', out }, signal),
  };
  for (const [name, command] of Object.entries(commands)) {
    it(`is refused before any work: ${name}`, async () => {
      using folder = testFolder({});
      await expect(command(folder.path)).rejects.toThrow(`${folder.path} is a folder, and a file is needed.`);
    });
  }

  it('is refused before any work where it writes several files', async () => {
    using folder = testFolder({ 'plan.svg/a': '', 'full/a': '', file: '' });
    const refused = expect.any(InvalidArgumentError);
    const error = (work: Promise<void>) => work.catch((one: unknown) => one);
    expect(await error(planCommand({ in: none, json: false, out: folder.at('plan'), apply: false }, signal))).toEqual(
      refused,
    );
    expect(await error(vectorsBench(none, { json: false, metric: 'ip', out: folder.at('plan') }, signal))).toEqual(
      refused,
    );
    const pool = { json: false, depth: 10, metric: 'ndcg@10', seed: 1 };
    expect(await error(poolCommand(none, [none], { ...pool, out: folder.at('full') }))).toEqual(refused);
    expect(await error(poolCommand(none, [none], { ...pool, out: folder.at('file') }))).toEqual(refused);
    expect(await error(exportCommand({ in: none, json: false, static: folder.at('file'), url: '{id}' }))).toEqual(
      refused,
    );
    const evaluated = { ...common, retriever: ['bm25'], depth: 10, excludeSelf: false, level: 0.05, version: '' };
    expect(await error(evalCommand(none, { ...evaluated, runs: folder.at('file') }, signal))).toEqual(refused);
  });
});
