import { type Command, Option } from 'commander';
import { collectionCommand } from '../collection-command.ts';
import { whole } from '../option-values.ts';
import { run } from '../run.ts';

/** What `ask` and `context` take alike. */
function answering(program: Command, usage: string, description: string): Command {
  return collectionCommand(program, usage, description)
    .option('--tokens <n>', 'most tokens of the context (default: 1000)', whole('--tokens'))
    .option('-k, --k <n>', 'passages that are looked at (default: 20)', whole('-k'))
    .option('--hops <n>', 'searches that build on each other (default: 1)', whole('--hops'))
    .option('--filter <expression>', "only documents that satisfy it, e.g. 'format = pdf and year >= 2020'")
    .option('--pipeline <steps>', 'how to search: steps, or a name (see `sagitta pipelines`)')
    .option('--language <code>', 'language of the question (default: detected)')
    .addOption(
      new Option(
        '--compressor <name>',
        'what of passages is kept: sentences that bear on the question (default), of these what is salient, or all',
      ).choices(['sentences', 'salience', 'passages']),
    )
    .addOption(
      new Option(
        '--order <name>',
        'order of passages: best first (default), as in documents, or the best at both ends',
      ).choices(['rank', 'document', 'edges']),
    )
    .option('--all', 'a context also where nothing is probably relevant', false);
}

/** Commands that answer questions from a collection. */
export function addAnswering(program: Command): void {
  answering(
    program,
    'ask <question...>',
    'answer a question with sentences of the documents, or say that it is not answered here',
  )
    .option('--sentences <n>', 'most sentences without a model (default: 3)', whole('--sentences'))
    .option('--model <spec>', 'openai:MODEL: a language model puts the answer in words, with citations')
    .option(
      '--model-url <url>',
      'where it is asked (default: http://localhost:11434/v1); its key is in the environment',
    )
    .addOption(
      new Option(
        '--next <way>',
        'with --hops: what the next search is for: names in what was found (default), what the model misses, or its draft of an answer',
      ).choices(['bridge', 'gap', 'draft']),
    )
    .option('--max-tokens <n>', "most tokens of a model's answer (default: 512)", whole('--max-tokens'))
    .option('--no-keep', 'ask the model again what it was asked before')
    .action(async (words: string[], options) =>
      run(options.json, async (signal) => (await import('../ask-command.ts')).askCommand(words, options, signal)),
    );

  answering(
    program,
    'context <question...>',
    'what to read for a question, within a budget of tokens, for a prompt of your own',
  )
    .addOption(new Option('--format <name>', 'how it is written').choices(['text', 'markdown', 'xml']))
    .action(async (words: string[], options) =>
      run(options.json, async (signal) => (await import('../ask-command.ts')).contextCommand(words, options, signal)),
    );
}
