import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import { ExitCode, InvalidArgumentError } from '../src/base/errors.ts';
import { duration, plural, print, printJson, say, table } from '../src/cli/output.ts';
import { Exit } from '../src/cli/run.ts';
import { checkable, entryOf, loadPaper, type PaperStatus, statuses } from './catalogue.ts';
import {
  checkPaper,
  type Evidence,
  evidenceFolder,
  judgeAgain,
  Lab,
  reachOf,
  readEvidence,
  root,
  type Verdict,
  writeEvidence,
} from './grading/index.ts';
import { checkInJobs } from './jobs.ts';
import { families } from './registry.ts';
import { frontierPicture } from './report/frontier-picture.ts';
import { PAGE_PARTS, withPart } from './report/parts.ts';
import { renderPapers } from './report/render.ts';

/** `list`: all papers, family by family, with their state. */
export async function papersCommand(options: { readonly json: boolean }): Promise<void> {
  const all = await statuses();
  if (options.json) {
    printJson({ papers: all.map(toJson) });
    return;
  }
  for (const family of families) {
    const papers = all.filter((paper) => paper.family === family);
    print(pc.bold(`${family} (${papers.length})`));
    print(
      table(
        ['', 'verdict', 'evidence', 'year', 'title'],
        papers.map(({ slug, verdict, state, year, title }) => [
          slug,
          verdict === undefined ? '' : painted(verdict),
          state === 'current' ? state : state === 'stale' ? pc.yellow(state) : pc.dim(state),
          String(year),
          title,
        ]),
      ),
    );
    print();
  }
  const counts = new Map<string, number>();
  const kinds = [
    ...all.map(({ verdict, state }) => verdict ?? state),
    ...all.flatMap(({ stale }) => (stale ? ['stale'] : [])),
  ];
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  print(`${all.length} papers: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
}

/** `show SLUG`. */
export async function showPaperCommand(slug: string, options: { readonly json: boolean }): Promise<void> {
  const { title, year, family } = entryOf(slug);
  const status = (await statuses()).find((paper) => paper.slug === slug)!;
  if (options.json) {
    printJson(toJson(status));
    return;
  }
  print(`${pc.bold(title)} (${year})`);
  print(`${family}; ${status.verdict === undefined ? status.state : painted(status.verdict)}`);
  if (status.stale !== undefined) print(pc.yellow(`The evidence is stale. ${status.stale}`));
  if (status.paper === undefined) {
    print('No claims yet.');
    return;
  }
  print(`\n${status.paper.summary}`);
  print(`Uses ${status.paper.parts.join(', ')}.`);
  print(`How to get it: ${reachOf(status.paper.reach).replaceAll('`', '')}.`);
  print(`A check takes about ${duration(1000 * status.paper.seconds.full)}.`);
  for (const departure of status.paper.departures) print(`Departure: ${departure}`);
  const found = new Map(status.evidence?.claims.map((claim) => [claim.id, claim]));
  for (const claim of status.paper.claims) {
    const evidence = found.get(claim.id);
    print(`\n${pc.bold(claim.id)}: ${claim.statement}`);
    print(`  ${evidence === undefined ? 'not checked' : painted(evidence.verdict)}`);
    for (const reason of evidence?.reasons ?? []) print(`  ${reason}`);
    for (const { role, name, mean, config, costs } of evidence?.sides ?? []) {
      print(`  ${role} ${name}: ${evidence!.metric} ${mean.toFixed(4)} ${JSON.stringify({ ...config, ...costs })}`);
    }
    for (const note of evidence?.notes ?? []) print(`  ${note}`);
  }
  if (status.evidence !== undefined) {
    const { recorded, software, machine, encoder } = status.evidence;
    print(
      pc.dim(
        `\nrecorded ${recorded} with Sagitta ${software.sagitta}, Node ${software.node}, encoder ${encoder}, ${machine.cores} x ${machine.cpu}`,
      ),
    );
  }
}

export interface CheckCommandOptions {
  readonly json: boolean;
  readonly all: boolean;
  readonly quick: boolean;
  readonly encoder?: string;
  readonly fresh: boolean;
  readonly budget?: number;
  readonly out?: string;
  readonly quiet: boolean;
  /** Processes that papers are checked in. */
  readonly jobs: number;
  /** Whether evidence is written. */
  readonly record: boolean;
}

/** `check SLUG...`: exit code 1 when a claim is refuted or lacks data; what is inconclusive is no error. */
export async function checkPapersCommand(
  slugs: readonly string[],
  options: CheckCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const wanted = options.all ? checkable() : slugs;
  if (wanted.length === 0) {
    throw new InvalidArgumentError('No paper is named.', `Name one of ${checkable().join(', ')}, or give --all.`);
  }
  const papers = await Promise.all(wanted.map(loadPaper));
  const level = options.quick ? 'quick' : 'full';
  const expected = papers.reduce((sum, { seconds }) => sum + seconds[level], 0);
  const jobs = Math.min(options.jobs, papers.length);
  if (!options.quiet) say(`${plural(papers.length, 'paper')}, about ${duration((1000 * expected) / jobs)}`);
  const recorded: Evidence[] = [];
  const target = options.out ?? evidenceFolder;
  const record = async (evidence: Evidence): Promise<void> => {
    recorded.push(evidence);
    // A smoke test must not replace evidence.
    if (options.record && (options.out !== undefined || level === 'full')) {
      const path = await writeEvidence(target, evidence);
      if (!options.quiet) say(`written ${path}`);
      for (const other of await judgeAgain(target)) {
        if (!options.quiet) say(`judged again ${other}: claims share test units with it that did not before`);
      }
    }
    if (options.json) return;
    print(pc.bold(evidence.paper));
    for (const { id, statement, verdict, reasons, tookMs, sides, metric, value } of evidence.claims) {
      print(`  ${painted(verdict)}  ${id}: ${statement} ${pc.dim(duration(tookMs))}`);
      for (const { role, name, mean } of sides ?? []) print(`    ${role} ${name}: ${metric} ${mean.toFixed(4)}`);
      if (value !== undefined) print(`    ${metric}: ${value}`);
      for (const reason of reasons) print(`    ${reason}`);
    }
  };
  if (jobs > 1) {
    const given = [
      ...(options.quick ? ['--quick'] : []),
      ...(options.fresh ? ['--fresh'] : []),
      ...(options.quiet ? ['--quiet'] : []),
      ...(options.encoder === undefined ? [] : ['--encoder', options.encoder]),
      ...(options.budget === undefined ? [] : ['--budget', String(options.budget)]),
    ];
    // The longest first, so that the processes end together.
    const order = papers.toSorted((a, b) => b.seconds[level] - a.seconds[level]);
    const slugs = order.map(({ slug }) => slug);
    await checkInJobs(slugs, jobs, given, signal, record);
  } else {
    const lab = new Lab({
      level,
      fresh: options.fresh,
      ...(options.encoder === undefined ? {} : { encoder: options.encoder }),
      signal,
      ...(options.budget === undefined ? {} : { budget: 60_000 * options.budget }),
      onProgress: (line) => (options.quiet ? undefined : say(pc.dim(line))),
    });
    for (const paper of papers) await record(await checkPaper(paper, lab, (await readEvidence(target)).values()));
  }
  if (options.json) printJson({ level, papers: recorded });
  const verdicts = recorded.flatMap(({ claims }) => claims.map(({ verdict }) => verdict));
  if (verdicts.some((verdict) => verdict !== 'holds' && verdict !== 'inconclusive')) throw new Exit(ExitCode.partial);
}

/** `docs`: writes the page that recorded evidence makes, the parts of others that it makes, and the picture of the frontier. @param options `out`: the page alone, and its picture beside it. */
export async function papersDocsCommand(options: { readonly out?: string }): Promise<void> {
  const target = options.out ?? join(root, 'docs/papers.md');
  const all = await statuses();
  await writeFile(target, renderPapers(all));
  for (const part of options.out === undefined ? PAGE_PARTS : []) {
    const content = part.make(all);
    const page = join(root, part.page);
    if (content !== undefined) await writeFile(page, withPart(await readFile(page, 'utf8'), part, content));
  }
  const picture = frontierPicture(all);
  if (picture !== undefined) await writeFile(join(dirname(target), 'compression.svg'), picture);
}

function toJson({
  slug,
  title,
  year,
  family,
  state,
  stale,
  verdict,
  paper,
  evidence,
}: PaperStatus): Record<string, unknown> {
  return {
    slug,
    title,
    year,
    family,
    state,
    ...(stale === undefined ? {} : { stale }),
    verdict: verdict ?? null,
    reach: paper?.reach ?? null,
    ...(paper === undefined ? {} : { summary: paper.summary, parts: paper.parts }),
    claims: (paper?.claims ?? []).map(({ id, statement }) => {
      const found = evidence?.claims.find((claim) => claim.id === id);
      return {
        id,
        statement,
        verdict: found?.verdict ?? 'unchecked',
        ...(found === undefined ? {} : { reasons: found.reasons }),
      };
    }),
    ...(evidence === undefined
      ? {}
      : {
          recorded: evidence.recorded,
          encoder: evidence.encoder,
          software: evidence.software,
          machine: evidence.machine,
        }),
  };
}

const REFUTED = new Set<Verdict>(['worse', 'no difference', 'smaller']);

function painted(verdict: Verdict): string {
  return verdict === 'holds' ? pc.green(verdict) : REFUTED.has(verdict) ? pc.red(verdict) : pc.yellow(verdict);
}
