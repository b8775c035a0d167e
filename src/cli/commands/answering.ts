import { type Command, Option } from 'commander';
import { NEXT_QUESTIONS } from '../../answer/choices.ts';
import { collectionCommand, modelUrl } from '../collection-command.ts';
import { compressorName, whole } from '../option-values.ts';
import { run } from '../run.ts';

/** What `ask` and `context` take alike. */
function answering(program: Command, usage: string, description: string, model: string): Command {
  return collectionCommand(program, usage, description)
    .option('--tokens <n>', 'most tokens of the context (default: 1000)', whole('--tokens'))
    .option('-k, --k <n>', 'passages that are looked at (default: 20)', whole('-k'))
    .option('--hops <n>', 'searches that build on each other (default: 1)', whole('--hops'))
    .addOption(
      new Option(
        '--next <way>',
        'with --hops: what the next search is for: names in what was found (default), what the model misses, or its draft of an answer',
      ).choices([...NEXT_QUESTIONS]),
    )
    .option('--model <spec>', model)
    .addOption(modelUrl())
    .option('--no-keep', 'ask the model again what it was asked before')
    .option('--filter <expression>', "only documents that satisfy it, e.g. 'format = pdf and year >= 2020'")
    .option('--pipeline <steps>', 'how to search: steps, or a name (see `sagitta pipelines`)')
    .option('--language <code>', 'language of the question (default: detected)')
    .option(
      '--compressor <name>',
      'what of passages is kept: `sentences` that bear on the question (default), of these what is salient (`salience`), all (`passages`), or what was learned of the collection (`learned`) or kept in a file (`learned:FILE`)',
      compressorName,
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
    'openai:MODEL: a language model puts the answer in words, with citations',
  )
    .option('--sentences <n>', 'most sentences without a model (default: 3)', whole('--sentences'))
    .option('--max-tokens <n>', "most tokens of a model's answer (default: 512)", whole('--max-tokens'))
    .action(async (words: string[], options) =>
      run(options.json, async (signal) => (await import('../ask-command.ts')).askCommand(words, options, signal)),
    );

  answering(
    program,
    'context <question...>',
    'what to read for a question, within a budget of tokens, for a prompt of your own',
    'openai:MODEL: a language model that leads the hops as --next says',
  )
    .addOption(new Option('--format <name>', 'how it is written').choices(['text', 'markdown', 'xml']))
    .action(async (words: string[], options) =>
      run(options.json, async (signal) => (await import('../ask-command.ts')).contextCommand(words, options, signal)),
    );
}
