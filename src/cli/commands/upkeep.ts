import { Argument, type Command } from 'commander';
import { collectionCommand } from '../collection-command.ts';
import type { Shell } from '../completion.ts';
import { above, milliseconds, several, whole } from '../option-values.ts';
import { run } from '../run.ts';

/** Commands that say what a collection holds and whether it is sound, and change how it is kept. */
export function addUpkeep(program: Command): void {
  collectionCommand(program, 'inspect', 'show what the collection holds').action(async (options) =>
    run(options.json, async () => (await import('../manage-commands.ts')).inspectCommand(options)),
  );

  collectionCommand(
    program,
    'doctor',
    'check this machine and the collection, and say how to mend what is wrong',
  ).action(async (options) =>
    run(options.json, async () => (await import('../doctor-command.ts')).doctorCommand(options)),
  );

  program
    .command('completion')
    .description('print what a shell completes commands and options by: source <(sagitta completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      process.stdout.write((await import('../completion.ts')).completionScript(program, shell));
    });

  collectionCommand(program, 'verify', 'check every checksum and cross-reference').action(async (options) =>
    run(options.json, async (signal) => (await import('../manage-commands.ts')).verifyCommand(options, signal)),
  );

  collectionCommand(program, 'compact', 'merge segments and drop what was deleted')
    .option('--full', 'merge everything', false)
    .action(async (options) =>
      run(options.json, async (signal) => (await import('../manage-commands.ts')).compactCommand(options, signal)),
    );

  program
    .command('copy <from> <to>')
    .description(
      'copy a collection with its vectors, between folders and PostgreSQL; it resumes where it was interrupted',
    )
    .option('--quiet', 'no progress', false)
    .option('--json', 'print one JSON object instead of text', false)
    .action(async (from: string, to: string, options) =>
      run(options.json, async (signal) => (await import('../copy-command.ts')).copyCommand(from, to, options, signal)),
    );

  collectionCommand(
    program,
    'reencode',
    'give the collection another encoder; searches go on, and it resumes where it was interrupted',
  )
    .option('--encoder <spec>', 'as for index (default: the one that was begun)')
    .option('--abandon', 'give up what was begun', false)
    .option('--quiet', 'no progress', false)
    .action(async (options) =>
      run(options.json, async (signal) => (await import('../reencode-command.ts')).reencodeCommand(options, signal)),
    );

  collectionCommand(
    program,
    'add-field [name]',
    'add a field: another encoder, vectors of titles, headings, metadata or tokens, or impacts of terms',
  )
    .option('--of <source>', 'passage (default), text, title, headings or metadata.NAME')
    .option('--encoder <spec>', 'as for index')
    .option(
      '--kind <kind>',
      'vector (default): one for each passage; vectors: one for each token, for reranking; impacts: what each term counts',
    )
    .option('--quiet', 'no progress', false)
    .action(async (name: string | undefined, options) =>
      run(options.json, async (signal) =>
        (await import('../fields-command.ts')).addFieldCommand(name, options, signal),
      ),
    );

  collectionCommand(
    program,
    'remove-field <name>',
    'take a field away that was added, or give up one that is being made',
  ).action(async (name: string, options) =>
    run(options.json, async () => (await import('../fields-command.ts')).removeFieldCommand(name, options)),
  );

  collectionCommand(
    program,
    'plan',
    'find an index of the vectors that keeps a budget, by trying, and prove it on unseen queries',
  )
    .option('--bytes <n>', 'most bytes of memory a vector', above('--bytes'))
    .option('--recall <share>', 'least recall@10 against exact search, e.g. 0.95', above('--recall'))
    .option('--p95 <time>', 'most time of a search, e.g. 5ms', milliseconds)
    .option(
      '--queries <file>',
      'what people ask: a line each, or JSONL with a field text (default: own titles and sentences)',
    )
    .option('--spec <spec>', 'try this specification (repeatable; default: a range)', several)
    .option('--sample <n>', 'vectors looked at (default: 200000)', whole('--sample'))
    .option(
      '--seconds <n>',
      'no further specification is begun after so many seconds (default: 80)',
      above('--seconds'),
    )
    .option('--seed <n>', 'seed of samples and training', whole('--seed', 0))
    .option('--out <prefix>', 'write PREFIX.svg, PREFIX.json (default: plan in the folder of the collection)')
    .option('--apply', 'rebuild with the choice', false)
    .action(async (options) =>
      run(options.json, async (signal) => (await import('../plan-command.ts')).planCommand(options, signal)),
    );

  collectionCommand(program, 'rebuild', 'code the vectors by another index specification; nothing is embedded again')
    .option('--spec <spec>', 'index specification, e.g. ivf1024,apq64x4,refine:full')
    .option('--nprobe <n>', 'lists that a search scans unless it says otherwise', whole('--nprobe'))
    .option(
      '--refine <n>',
      'candidates scored again unless a search says otherwise, as a multiple of k',
      whole('--refine'),
    )
    .option('--drop', 'go back to scanning int8 codes one by one', false)
    .option('--field <name>', 'a field that was added (default: meaning)')
    .action(async (options) =>
      run(options.json, async (signal) => (await import('../rebuild-command.ts')).rebuildCommand(options, signal)),
    );
}
