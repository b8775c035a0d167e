import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError as InvalidOption } from 'commander';
import { ExitCode } from '../src/base/errors.ts';
import { run } from '../src/cli/run.ts';
import { checkPapersCommand, papersCommand, papersDocsCommand, showPaperCommand } from './commands.ts';

const program = new Command('npm run papers --')
  .description('The papers behind this engine, what is claimed of them, and what the evidence says.')
  .showHelpAfterError()
  .showSuggestionAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? ExitCode.ok : ExitCode.usage));

program
  .command('list', { isDefault: true })
  .description('all papers by family, with their state')
  .option('--json', 'print one JSON object instead of text', false)
  .action((options) => run(options.json, () => papersCommand(options)));

program
  .command('show <slug>')
  .description('what a paper composes, its claims and their evidence')
  .option('--json', 'print one JSON object instead of text', false)
  .action((slug: string, options) => run(options.json, () => showPaperCommand(slug, options)));

program
  .command('check [slugs...]')
  .description('run claims, with progress, and record the evidence; resumes where it was interrupted')
  .option('--all', 'all papers that have claims', false)
  .option('--quick', 'a smoke test on small samples: no verdict, nothing recorded', false)
  .option('--encoder <spec>', 'what makes vectors of texts (default: SAGITTA_LAB_ENCODER, else minilm)')
  .option('--fresh', 'do not use what earlier runs kept', false)
  .option('--budget <minutes>', 'stop then; the same command goes on', minutes)
  .option('--out <dir>', 'folder of the evidence (default: lab/evidence)', path)
  .option('--jobs <n>', 'processes that several papers are checked in (default: one per core)', jobs, cpus().length)
  .option('--no-record', 'print evidence, and do not write it')
  .option('--quiet', 'no progress', false)
  .option('--json', 'print one JSON object instead of text', false)
  .action((slugs: string[], options) => run(options.json, (signal) => checkPapersCommand(slugs, options, signal)));

program
  .command('docs')
  .description('write docs/papers.md and docs/compression.svg as the recorded evidence makes them')
  .option('--out <file>', 'write them there instead', path)
  .action((options) => run(false, () => papersDocsCommand(options)));

await program.parseAsync();

/** Relative to where the command was typed: npm runs scripts in the folder of their package. */
function path(value: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', value);
}

function jobs(value: string): number {
  if (!(Number.isInteger(Number(value)) && Number(value) > 0))
    throw new InvalidOption('--jobs must be a whole number above 0.');
  return Number(value);
}

function minutes(value: string): number {
  if (!(Number(value) > 0)) throw new InvalidOption('--budget must be a number above 0.');
  return Number(value);
}
