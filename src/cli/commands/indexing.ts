import { type Command, Option } from 'commander';
import { collectionCommand } from '../collection-command.ts';
import { above, several, whole } from '../option-values.ts';
import { run } from '../run.ts';

/** Commands that read documents into a collection and take them out of it. */
export function addIndexing(program: Command): void {
  collectionCommand(
    program,
    'index [paths...]',
    'index files and folders; only what changed is read into the collection; without paths, those of before',
  )
    .option('--encoder <spec>', 'minilm (default), static, bert:FOLDER, http:URL#MODEL, hf:MODEL or none')
    .option('--quick', 'searchable in seconds with a quick encoder, then goes on to the better one', false)
    .addOption(new Option('--quick-encoder <spec>', 'the quick encoder').hideHelp())
    .option('--include <pattern>', 'only files that match (repeatable, .gitignore syntax)', several)
    .option('--exclude <pattern>', 'no files that match (repeatable)', several)
    .option('--no-ignore', 'read what .gitignore and the built-in rules would skip')
    .option('--keep', 'keep documents whose file is gone', false)
    .option('--max-bytes <n>', 'largest file that is not read line by line', whole('--max-bytes'))
    .option('--max-seconds <n>', 'most time for one file (default: 60)', above('--max-seconds'))
    .option('--max-memory <bytes>', 'most memory for reading one file (default: 400 MiB)', whole('--max-memory'))
    .option('--max-text <n>', 'most characters that come out of one file (default: 32 Mi)', whole('--max-text'))
    .option('--language <code>', 'language of documents whose language cannot be told (new collections)')
    .option(
      '--passage-words <n>',
      'most words of a passage, 10 to 10000 (new collections)',
      whole('--passage-words', 10),
    )
    .option('--list', 'say what would be read and what would not, and why; changes nothing', false)
    .option('--no-pager', 'never show a list longer than the screen in a pager')
    .option('--quiet', 'no progress', false)
    .action(async (paths: string[], options) =>
      run(options.json, async (signal) => (await import('../index-command.ts')).indexCommand(paths, options, signal)),
    );

  collectionCommand(
    program,
    'watch [paths...]',
    'index files and folders, and again whenever they change, until interrupted; without paths, those of before',
  )
    .option('--encoder <spec>', 'as for index (new collections)')
    .option('--include <pattern>', 'only files that match (repeatable, .gitignore syntax)', several)
    .option('--exclude <pattern>', 'no files that match (repeatable)', several)
    .option('--no-ignore', 'read what .gitignore and the built-in rules would skip')
    .option('--keep', 'keep documents whose file is gone', false)
    .option('--quiet', 'no progress', false)
    .action(async (paths: string[], options) =>
      run(options.json, async (signal) => (await import('../watch-command.ts')).watchCommand(paths, options, signal)),
    );

  collectionCommand(
    program,
    'remove [ids...]',
    'remove documents by id; an id ending in / removes everything under that path',
  )
    .option('--from <file>', 'also the ids in this file, one a line; - for stdin')
    .action(async (ids: string[], options) =>
      run(options.json, async () => (await import('../manage-commands.ts')).removeCommand(ids, options)),
    );

  collectionCommand(program, 'get <id>', 'print a document as it was indexed')
    .option('--no-pager', 'never show what is longer than the screen in a pager')
    .action(async (id: string, options) =>
      run(options.json, async () => (await import('../manage-commands.ts')).getCommand(id, options)),
    );

  collectionCommand(
    program,
    'about [folder] [sentence]',
    'say in a sentence what the collection, or a folder in it, is about; agents read it',
  )
    .option('--remove', 'no longer say it', false)
    .action(async (folder: string | undefined, sentence: string | undefined, options) =>
      run(options.json, async () => (await import('../about-command.ts')).aboutCommand(folder, sentence, options)),
    );

  collectionCommand(
    program,
    'synonyms [file]',
    'words that queries are also searched for: take over a file, or print what there is',
  )
    .option('--clear', 'have none', false)
    .action(async (file: string | undefined, options) =>
      run(options.json, async () => (await import('../manage-commands.ts')).synonymsCommand(file, options)),
    );
}
