import { type Command, Option } from 'commander';
import { collectionCommand } from '../collection-command.ts';
import { several, whole } from '../option-values.ts';
import { run } from '../run.ts';
import { FORMATS } from '../search-formats.ts';

/** Commands that search a collection, and say how it is searched. */
export function addSearching(program: Command): void {
  collectionCommand(
    program,
    'search [query...]',
    'ask, and get the passages that answer best; with --filter alone, what satisfies it',
  )
    .option('-k, --k <n>', 'how many documents, or passages', whole('-k'), 10)
    .addOption(
      new Option(
        '--group <what>',
        'what a hit is: a document with its best passage (default), or none: a passage',
      ).choices(['document', 'none']),
    )
    .addOption(
      new Option('--retriever <name>', 'how to search (default: hybrid if there are embeddings)').choices([
        'bm25',
        'dense',
        'hybrid',
      ]),
    )
    .option('--pipeline <steps>', "steps, or a name: 'fuse(words, meaning) > group(1) > cut' (see `sagitta pipelines`)")
    .option('--filter <expression>', "only documents that satisfy it, e.g. 'format = pdf and year >= 2020'")
    .option('--like <id>', 'in place of a query: what is like this document (repeatable)', several)
    .option('--unlike <id>', 'with --like: and unlike this one (repeatable)', several)
    .addOption(
      new Option(
        '--like-by <what>',
        'of several: near to their mean (default), or to the nearest of them, each by itself',
      ).choices(['mean', 'nearest']),
    )
    .option('--turn <text>', 'what was asked before, oldest first, for pipelines with rewrite (repeatable)', several)
    .option('--per-document <n>', 'at most this many passages of one document', whole('--per-document'))
    .option('--sort <fields>', "order by fields of documents, not by score: 'year desc, title'")
    .option(
      '--facets <fields>',
      'count the values of these fields, separated by commas, over all that is found; * for all',
    )
    .option(
      '--open <n>',
      'open the file of hit n: in $VISUAL or $EDITOR at its line, else as the system does',
      whole('--open'),
    )
    .option('--raw', 'take signs in the query ("phrase", +must, -not, begin*, field:value, OR) as text', false)
    .option('--repeats', 'show passages that repeat a better one as hits of their own', false)
    .option('--language <code>', 'language of the query (default: detected)')
    .option('--nprobe <n>', 'lists scanned where the vectors have a compressed index', whole('--nprobe'))
    .option('--candidates <n>', 'passages of each ranking that hybrid fuses (default: 50)', whole('--candidates'))
    .addOption(
      new Option('--format <name>', 'how hits are printed; jsonl, csv and md are for other programs')
        .choices(FORMATS)
        .default('text'),
    )
    .option('--explain', 'show what each stage contributed and how long it took', false)
    .option('--relevant', 'only what is probably relevant, which may be nothing', false)
    .option('--no-pager', 'never show what is longer than the screen in a pager')
    .action(async (words: string[], options) =>
      run(options.json, async (signal) => (await import('../search-command.ts')).searchCommand(words, options, signal)),
    );

  collectionCommand(
    program,
    'suggest <text...>',
    'suggest tags, a category or another field for a text, from the documents nearest to it',
  )
    .requiredOption('--field <name>', 'the field whose values are suggested, e.g. tags')
    .option('-k, --k <n>', 'how many values', whole('-k'), 5)
    .option('--examples <n>', 'documents that vote, of those that have the field', whole('--examples'), 10)
    .option('--filter <expression>', 'only documents that satisfy it vote')
    .option('--pipeline <steps>', "how documents are found: steps, or a name: 'interleave(words, meaning)'")
    .option('--language <code>', 'language of the text (default: detected)')
    .option('--all', 'documents vote also where none is probably relevant', false)
    .action(async (words: string[], options) =>
      run(options.json, async (signal) =>
        (await import('../suggest-command.ts')).suggestCommand(words, options, signal),
      ),
    );

  collectionCommand(
    program,
    'pipelines [name] [steps]',
    'list the pipelines that have names here, give one a name, or choose the default',
  )
    .option('--default', 'searches that name no pipeline run this one', false)
    .option('--no-default', 'searches that name no pipeline run hybrid again, or bm25 without embeddings')
    .option('--remove', 'take the name away', false)
    .action(async (name: string | undefined, steps: string | undefined, options, command) =>
      run(options.json, async () => {
        const given = command.getOptionValueSource('default') === 'cli' ? options.default : undefined;
        const { pipelinesCommand } = await import('../pipelines-command.ts');
        await pipelinesCommand(name, steps, { ...options, default: given });
      }),
    );

  collectionCommand(program, 'export', 'write what a web page searches without a server')
    .option(
      '--static <dir>',
      'an index of this collection for <sagitta-search>, into a folder: new, empty, or of an export before',
    )
    .option(
      '--offline <dir>',
      "a page that keeps files of one's own in the browser and searches in them, into such a folder",
    )
    .option(
      '--url <template>',
      'address of a document, where its metadata have no `url`: {id}, or {stem} without the ending',
      '{id}',
    )
    .option('--no-meaning', 'words alone, for a smaller export')
    .action(async (options) =>
      run(options.json, async () => (await import('../export-command.ts')).exportCommand(options)),
    );
}
