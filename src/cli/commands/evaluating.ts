import type { Command } from 'commander';
import { above, list, several, whole } from '../option-values.ts';
import { run } from '../run.ts';

/** Commands that measure search by judgements. */
export function addEvaluating(program: Command): void {
  const version = program.version() ?? '';
  program
    .command('eval [dir]')
    .description(
      'evaluate retrievers on a test collection: corpus.jsonl, queries.jsonl and qrels.tsv; with --in alone by what was judged in that collection',
    )
    .option('--retriever <names>', 'bm25, dense, hybrid; several with commas', list, ['bm25', 'dense', 'hybrid'])
    .option(
      '--pipeline <steps>',
      'a pipeline, or the name of one, in place of --retriever (repeatable: all are compared)',
      several,
    )
    .option('--in <dir>', 'keep the index in this folder and use it again (default: a temporary one)')
    .option('--encoder <spec>', 'as for index; default minilm')
    .option('--corpus <file>', 'documents (default: corpus.jsonl)')
    .option('--queries <file>', 'queries: JSONL, tab-separated, or TREC topics (default: queries.jsonl)')
    .option('--qrels <file>', 'judgements: BEIR, TREC or JSONL (default: those of --split)')
    .option('--split <name>', 'qrels/NAME.tsv or qrels-NAME.tsv (default: test)')
    .option('--metrics <names>', 'with commas, the first is the primary one, e.g. ndcg@10,map,recall@100', list)
    .option('--depth <n>', 'documents a query', whole('--depth'), 100)
    .option('--answers', 'ask the queries, whose answers stand in their metadata, and measure what comes', false)
    .option('--tokens <n>', 'with --answers: tokens of a context (default: 1000)', whole('--tokens'))
    .option('--hops <n>', 'with --answers: searches that build on each other (default: 1)', whole('--hops'))
    .option('--most <n>', 'with --answers: only so many questions, spread over the file', whole('--most'))
    .option(
      '--exclude-self',
      "leave out the document that has the query's own id: for queries that are documents",
      false,
    )
    .option('--candidates <n>', 'passages of each ranking that hybrid fuses (default: 50)', whole('--candidates'))
    .option('--language <code>', 'language of all queries (default: detected)')
    .option('--runs <dir>', 'write TREC runs there')
    .option('--html <file>', 'write a report there, and its figures as JSON beside it')
    .option('--seed <n>', 'seed of the tests of significance', whole('--seed', 0), 1234)
    .option('--level <p>', 'level of significance', above('--level', 1), 0.05)
    .option('--quiet', 'no progress', false)
    .option('--json', 'print one JSON object instead of text', false)
    .action(async (dir: string | undefined, options) =>
      run(options.json, async (signal) => {
        if (options.answers && dir !== undefined) {
          return (await import('../eval-answers-command.ts')).evalAnswersCommand(dir, { ...options, version }, signal);
        }
        return (await import('../eval-command.ts')).evalCommand(dir, { ...options, version }, signal);
      }),
    );

  program
    .command('compare <runs...>')
    .description('compare run files (TREC or JSONL) of any systems by judgements')
    .requiredOption('--qrels <file>', 'judgements: BEIR, TREC or JSONL')
    .option('--collection <dir>', 'the test collection: checks the runs against it, and gives the report its texts')
    .option('--metrics <names>', 'with commas, the first is the primary one', list)
    .option('--relevance <grade>', 'grade from which a document is relevant', above('--relevance'), 1)
    .option('--exclude-self', "leave out the document that has the query's own id", false)
    .option('--html <file>', 'write a report there')
    .option('--seed <n>', 'seed of the tests of significance', whole('--seed', 0), 1234)
    .option('--level <p>', 'level of significance', above('--level', 1), 0.05)
    .option('--json', 'print one JSON object instead of text', false)
    .action(async (runs: string[], options) =>
      run(options.json, async () =>
        (await import('../compare-command.ts')).compareCommand(runs, { ...options, version }),
      ),
    );

  program
    .command('pool <dir> <runs...>')
    .description('a smaller test collection that tells systems apart: what runs found, and what is relevant')
    .option('--out <dir>', 'write the smaller collection there (default: only say what it would be worth)')
    .option('--depth <n>', 'documents of each run and query', whole('--depth'), 250)
    .option('--qrels <file>', 'judgements: BEIR, TREC or JSONL (default: those of --split)')
    .option('--split <name>', 'qrels/NAME.tsv or qrels-NAME.tsv (default: test)')
    .option('--metric <name>', 'what systems are ranked by', 'ndcg@10')
    .option('--seed <n>', 'seed of the random sub-corpora beside it', whole('--seed', 0), 1234)
    .option('--json', 'print one JSON object instead of text', false)
    .action(async (dir: string, runs: string[], options) =>
      run(options.json, async () => (await import('../pool-command.ts')).poolCommand(dir, runs, options)),
    );

  program
    .command('subset <reports...>')
    .description('which of several test collections suffice to rank systems, from what `eval --json` printed')
    .option('--metric <name>', 'what systems are ranked by', 'ndcg@10')
    .option(
      '--correlation <r>',
      'least rank correlation of a collection with what the others foretell',
      above('--correlation', 1),
      0.8,
    )
    .option('--error <e>', 'largest squared error of that, in units of its variance', above('--error'), 0.5)
    .option('--seed <n>', 'seed of the random subsets beside it', whole('--seed', 0), 1234)
    .option('--json', 'print one JSON object instead of text', false)
    .action(async (reports: string[], options) =>
      run(options.json, async () => (await import('../subset-command.ts')).subsetCommand(reports, options)),
    );
}
