import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { ExitCode } from '../base/errors.ts';
import { addAnswering } from './commands/answering.ts';
import { addEvaluating } from './commands/evaluating.ts';
import { addIndexing } from './commands/indexing.ts';
import { addLearning } from './commands/learning.ts';
import { addSearching } from './commands/searching.ts';
import { addServing } from './commands/serving.ts';
import { addUpkeep } from './commands/upkeep.ts';
import { addVectors } from './commands/vectors.ts';
import { run } from './run.ts';

const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

/** What the user sets for the folder that the command runs in. */
const CONFIG_FILE = 'sagitta.config.json';

/** The groups of commands, in the order in which help lists them, with what stands above each. */
const GROUPS: readonly (readonly [string, readonly ((program: Command) => void)[]])[] = [
  ['Read and search:', [addIndexing, addSearching, addAnswering]],
  ['Open to pages, programs and agents:', [addServing]],
  ['Keep in order:', [addUpkeep]],
  ['Measure and learn:', [addEvaluating, addLearning]],
  ['Indexes of vectors from files:', [addVectors]],
];

/**
 * The program with all its commands; each loads what it does when it is run.
 * @param args the arguments that it will be given: mistakes in them are told as JSON where they ask for it.
 */
export function openProgram(args: readonly string[]): Command {
  const program = new Command('sagitta')
    .description('Search what you have: index files, ask questions, get passages.')
    .version(version)
    .showHelpAfterError('(sagitta --help lists the commands)')
    .showSuggestionAfterError()
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(ExitCode.ok);
      if (args.includes('--json')) {
        const message = error.message.replace(/^error: /, '');
        const remedy = 'Run `sagitta --help`, or the command with --help.';
        process.stdout.write(`${JSON.stringify({ error: { code: 'invalid-argument', message, remedy } })}\n`);
      }
      process.exit(ExitCode.usage);
    })
    .hook('preAction', async (_, action) => {
      if (action.opts()['allowRemote'] === true) process.env['SAGITTA_ALLOW_REMOTE'] = '1';
      await chooseExtensions(action);
    });
  for (const [heading, adders] of GROUPS) {
    program.commandsGroup(heading);
    for (const add of adders) add(program);
  }
  program.helpCommand('help [command]', 'display help for a command');
  return program;
}

async function chooseExtensions(action: Command): Promise<void> {
  const modules = (action.opts()['extension'] ?? []) as string[];
  if (modules.length === 0 && !existsSync(CONFIG_FILE)) return;
  await run(action.opts()['json'] === true, async () =>
    (await import('../collection/host-extensions.ts')).chooseExtensions(modules),
  );
  if (process.exitCode !== undefined && process.exitCode !== 0) process.exit();
}
