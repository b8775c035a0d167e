import { type Command, Option } from 'commander';
import { above, milliseconds, several, whole } from '../option-values.ts';
import { run } from '../run.ts';

const metricOption = () =>
  new Option('--metric <name>', 'greater is better: inner product, cosine, or negated squared distance')
    .choices(['ip', 'cosine', 'l2'])
    .default('ip');

/** Commands on vectors from files, without a collection. */
export function addVectors(program: Command): void {
  const vectors = program
    .command('vectors')
    .description('indexes of vectors from files (.npy, .fvecs, .bvecs, .ivecs), without a collection');

  function vectorsCommand(usage: string, description: string): Command {
    return vectors
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON object instead of text', false);
  }

  vectorsCommand('build <file>', 'learn an index from the vectors of a file, and write it to a file')
    .requiredOption('--spec <spec>', 'index specification, e.g. ivf1024,apq50x4,refine:full')
    .option('--out <file>', 'the index (default: the name of the file with .index)')
    .addOption(metricOption())
    .option('--seed <n>', 'seed of training', whole('--seed', 0))
    .option('--threads <n>', 'threads that share the work (default: one for each core)', whole('--threads'))
    .action(async (file: string, options) =>
      run(options.json, async (signal) => (await import('../vectors-command.ts')).vectorsBuild(file, options, signal)),
    );

  vectorsCommand('search <index> <queries>', 'search an index for each vector of a file')
    .option('-k, --k <n>', 'how many hits', whole('-k'), 10)
    .option('--nprobe <n>', 'lists scanned (default: an eighth, stopping early)', whole('--nprobe'))
    .option('--refine <n>', 'candidates scored again, as a multiple of k', above('--refine'))
    .option('--rows <range>', 'only these queries, e.g. 0-9')
    .action(async (index: string, queries: string, options) =>
      run(options.json, async () => (await import('../vectors-command.ts')).vectorsSearch(index, queries, options)),
    );

  vectorsCommand('bench <file>', 'bytes, recall and time of index specifications on the vectors of a file')
    .option('--queries <file>', 'vectors that are searched for (default: some of the file, left out of the index)')
    .option('--spec <spec>', 'try this specification (repeatable; default: a range)', several)
    .addOption(metricOption())
    .option('--bytes <n>', 'most bytes of memory a vector', above('--bytes'))
    .option('--recall <share>', 'least recall@10 against exact search (default: 0.95)', above('--recall'))
    .option('--p95 <time>', 'most time of a search, e.g. 5ms', milliseconds)
    .option(
      '--seconds <n>',
      'no further specification is begun after so many seconds (default: 80)',
      above('--seconds'),
    )
    .option('--seed <n>', 'seed of samples and training', whole('--seed', 0))
    .option('--out <prefix>', 'write PREFIX.svg and PREFIX.json')
    .action(async (file: string, options) =>
      run(options.json, async (signal) => (await import('../vectors-command.ts')).vectorsBench(file, options, signal)),
    );
}
