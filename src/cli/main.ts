#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { Argument, Command, InvalidArgumentError as InvalidOption, Option } from 'commander';
import { ExitCode } from '../base/errors.ts';
import { givenArguments, isTooLong, runWithPipe } from './arguments.ts';
import { freeWords } from './free-words.ts';
import { say } from './output.ts';
import { run } from './run.ts';
import { FORMATS } from './search-formats.ts';
import { nearestCollection, USUAL } from './where.ts';

const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

const args = givenArguments();

/** What the user sets for the folder that the command runs in. */
const CONFIG_FILE = 'sagitta.config.json';

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
  });

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** A command on a collection; every one of them knows `--in` and `--json`. */
function command(usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .addOption(
      new Option('--in <dir>', 'folder of the collection, or postgres://...').default(
        USUAL,
        '.sagitta here, else in the nearest folder above',
      ),
    )
    .hook('preAction', (_, action) => {
      if (action.getOptionValueSource('in') === 'default') action.setOptionValue('in', nearestCollection());
    })
    .addOption(allowRemote())
    .addOption(extension())
    .option('--json', 'print one JSON object instead of text', false);
}

/** Agreement holds for the whole process, its threads included, as the environment does. */
function allowRemote(): Option {
  return new Option('--allow-remote', 'let the collection contact the machine that its encoder names (http:, hf:)');
}

/** Code of others, which the user chose. */
function extension(): Option {
  return new Option(
    '--extension <module>',
    'a file or package that adds encoders, codecs, readers, rerankers and others by name (repeatable)',
  ).argParser(collect);
}
program.hook('preAction', async (_, action) => {
  if (action.opts()['allowRemote'] === true) process.env['SAGITTA_ALLOW_REMOTE'] = '1';
  const modules = (action.opts()['extension'] ?? []) as string[];
  if (modules.length > 0 || existsSync(CONFIG_FILE)) {
    await run(action.opts()['json'] === true, async () =>
      (await import('../collection/host-extensions.ts')).chooseExtensions(modules),
    );
    if (process.exitCode !== undefined && process.exitCode !== 0) process.exit();
  }
});

function whole(name: string, least = 1): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < least) {
      throw new InvalidOption(`${name} must be a whole number of at least ${least}.`);
    }
    return number;
  };
}

function above(name: string): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!(number > 0 && Number.isFinite(number))) throw new InvalidOption(`${name} must be a number above 0.`);
    return number;
  };
}

/** `5ms`, `0.2s`, or a number of milliseconds. */
function milliseconds(value: string): number {
  const [, digits, unit] = /^([0-9.]+)\s*(ms|s)?$/.exec(value) ?? [];
  const number = Number(digits) * (unit === 's' ? 1000 : 1);
  if (!(number > 0)) throw new InvalidOption('the time must be a number of milliseconds, such as 5ms.');
  return number;
}

command('index <paths...>', 'index files and folders; only what changed is read into the collection')
  .option('--encoder <spec>', 'minilm (default), static, bert:FOLDER, http:URL#MODEL, hf:MODEL or none')
  .option('--quick', 'searchable in seconds with a quick encoder, then goes on to the better one', false)
  .addOption(new Option('--quick-encoder <spec>', 'the quick encoder').hideHelp())
  .option('--include <pattern>', 'only files that match (repeatable, .gitignore syntax)', collect)
  .option('--exclude <pattern>', 'no files that match (repeatable)', collect)
  .option('--no-ignore', 'read what .gitignore and the built-in rules would skip')
  .option('--keep', 'keep documents whose file is gone', false)
  .option('--max-bytes <n>', 'largest file that is not read line by line', whole('--max-bytes'))
  .option('--max-seconds <n>', 'most time for one file (default: 60)', above('--max-seconds'))
  .option('--max-memory <bytes>', 'most memory for reading one file (default: 512 MiB)', whole('--max-memory'))
  .option('--max-text <n>', 'most characters that come out of one file (default: 32 Mi)', whole('--max-text'))
  .option('--language <code>', 'language of documents whose language cannot be told (new collections)')
  .option('--passage-words <n>', 'most words of a passage, 10 to 10000 (new collections)', whole('--passage-words', 10))
  .option('--list', 'say what would be read and what would not, and why; changes nothing', false)
  .option('--quiet', 'no progress', false)
  .action(async (paths: string[], options) =>
    run(options.json, async (signal) => (await import('./index-command.ts')).indexCommand(paths, options, signal)),
  );

command('watch <paths...>', 'index files and folders, and again whenever they change, until interrupted')
  .option('--encoder <spec>', 'as for index (new collections)')
  .option('--include <pattern>', 'only files that match (repeatable, .gitignore syntax)', collect)
  .option('--exclude <pattern>', 'no files that match (repeatable)', collect)
  .option('--no-ignore', 'read what .gitignore and the built-in rules would skip')
  .option('--keep', 'keep documents whose file is gone', false)
  .option('--quiet', 'no progress', false)
  .action(async (paths: string[], options) =>
    run(options.json, async (signal) => (await import('./watch-command.ts')).watchCommand(paths, options, signal)),
  );

command('synonyms [file]', 'words that queries are also searched for: take over a file, or print what there is')
  .option('--clear', 'have none', false)
  .action(async (file: string | undefined, options) =>
    run(options.json, async () => (await import('./manage-commands.ts')).synonymsCommand(file, options)),
  );

command(
  'about [folder] [sentence]',
  'say in a sentence what the collection, or a folder in it, is about; agents read it',
)
  .option('--remove', 'no longer say it', false)
  .action(async (folder: string | undefined, sentence: string | undefined, options) =>
    run(options.json, async () => (await import('./about-command.ts')).aboutCommand(folder, sentence, options)),
  );

command('search <query...>', 'ask, and get the passages that answer best')
  .option('-k, --k <n>', 'how many passages', whole('-k'), 10)
  .addOption(
    new Option('--retriever <name>', 'how to search (default: hybrid if there are embeddings)').choices([
      'bm25',
      'dense',
      'hybrid',
    ]),
  )
  .option('--pipeline <steps>', "steps, or a name: 'fuse(words, meaning) > group(1) > cut' (see `sagitta pipelines`)")
  .option('--filter <expression>', "only documents that satisfy it, e.g. 'format = pdf and year >= 2020'")
  .option('--per-document <n>', 'at most this many passages of one document', whole('--per-document'))
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
  .action(async (words: string[], options) =>
    run(options.json, async (signal) => (await import('./search-command.ts')).searchCommand(words, options, signal)),
  );

/** What `ask` and `context` take alike. */
function answering(usage: string, description: string): Command {
  return command(usage, description)
    .option('--tokens <n>', 'most tokens of the context (default: 1000)', whole('--tokens'))
    .option('-k, --k <n>', 'passages that are looked at (default: 20)', whole('-k'))
    .option('--hops <n>', 'searches that build on each other (default: 1)', whole('--hops'))
    .option('--filter <expression>', "only documents that satisfy it, e.g. 'format = pdf and year >= 2020'")
    .option('--pipeline <steps>', 'how to search: steps, or a name (see `sagitta pipelines`)')
    .option('--language <code>', 'language of the question (default: detected)')
    .addOption(
      new Option(
        '--compressor <name>',
        'what of passages is kept: sentences that bear on the question (default), or all',
      ).choices(['sentences', 'passages']),
    )
    .addOption(
      new Option(
        '--order <name>',
        'order of passages: best first (default), as in documents, or the best at both ends',
      ).choices(['rank', 'document', 'edges']),
    )
    .option('--all', 'a context also where nothing is probably relevant', false);
}

answering('ask <question...>', 'answer a question with sentences of the documents, or say that it is not answered here')
  .option('--sentences <n>', 'most sentences without a model (default: 3)', whole('--sentences'))
  .option('--model <spec>', 'openai:MODEL: a language model puts the answer in words, with citations')
  .option('--model-url <url>', 'where it is asked (default: http://localhost:11434/v1); its key is in the environment')
  .option('--max-tokens <n>', "most tokens of a model's answer (default: 512)", whole('--max-tokens'))
  .option('--no-keep', 'ask the model again what it was asked before')
  .action(async (words: string[], options) =>
    run(options.json, async (signal) => (await import('./ask-command.ts')).askCommand(words, options, signal)),
  );

answering('context <question...>', 'what to read for a question, within a budget of tokens, for a prompt of your own')
  .addOption(new Option('--format <name>', 'how it is written').choices(['text', 'markdown', 'xml']))
  .action(async (words: string[], options) =>
    run(options.json, async (signal) => (await import('./ask-command.ts')).contextCommand(words, options, signal)),
  );

command('pipelines [name] [steps]', 'list the pipelines that have names here, give one a name, or choose the default')
  .option('--default', 'searches that name no pipeline run this one', false)
  .option('--no-default', 'searches that name no pipeline run hybrid again, or bm25 without embeddings')
  .option('--remove', 'take the name away', false)
  .action(async (name: string | undefined, steps: string | undefined, options, command) =>
    run(options.json, async () => {
      const given = command.getOptionValueSource('default') === 'cli' ? options.default : undefined;
      const { pipelinesCommand } = await import('./pipelines-command.ts');
      await pipelinesCommand(name, steps, { ...options, default: given });
    }),
  );

command('export', 'write an index that a web page searches without a server')
  .requiredOption('--static <dir>', 'folder to write: new, empty, or of an export before')
  .option(
    '--url <template>',
    'address of a document, where its metadata have no `url`: {id}, or {stem} without the ending',
    '{id}',
  )
  .option('--no-meaning', 'words alone, for a smaller export')
  .action(async (options) =>
    run(options.json, async () => (await import('./export-command.ts')).exportCommand(options)),
  );

command('get <id>', 'print a document as it was indexed').action(async (id: string, options) =>
  run(options.json, async () => (await import('./manage-commands.ts')).getCommand(id, options)),
);

command('inspect', 'show what the collection holds').action(async (options) =>
  run(options.json, async () => (await import('./manage-commands.ts')).inspectCommand(options)),
);

command('tune', 'train the encoder on queries of your own; it is deployed only if it is significantly better')
  .option(
    '--pairs <file>',
    'JSON lines: {"query": "...", "document": "ID"} or "passage": "TEXT", optionally "negatives": [...]',
  )
  .option('--qrels <file>', 'judgements (BEIR or TREC form), with --queries')
  .option('--queries <file>', 'texts of the judged queries')
  .option('--synthetic', 'no labels: make queries from titles, headings, sentences and key terms', false)
  .option('--test-pairs <file>', 'pairs to test on (default: a quarter of the queries is held out)')
  .addOption(
    new Option(
      '--what <part>',
      'what to train: a correction of query vectors, the query side, all of it, a token table',
    )
      .choices(['adapter', 'query', 'encoder', 'table'])
      .default('adapter'),
  )
  .option('--epochs <n>', 'passes over the queries, at most', whole('--epochs'))
  .option('--patience <n>', 'validations without improvement after which training stops', whole('--patience'))
  .option('--learning-rate <x>', 'peak learning rate', above('--learning-rate'))
  .option('--batch-size <n>', 'queries of a batch', whole('--batch-size', 2))
  .option('--negatives <n>', 'mined negatives per query', whole('--negatives', 0))
  .addOption(
    new Option('--mine <retriever>', 'what finds negatives (default: dense for adapter and query)').choices([
      'bm25',
      'dense',
    ]),
  )
  .option('--distill', 'learn from the graded scores of the hybrid too', false)
  .option('--lora <rank>', 'with query and encoder: train low-rank updates, not the weights', whole('--lora'))
  .option('--side <rank>', 'with query and encoder: train a side path beside the weights', whole('--side'))
  .option('--rank <n>', 'with adapter: columns of the correction', whole('--rank'))
  .option('--seed <n>', 'seed of everything that is random', whole('--seed', 0))
  .option('--dry-run', 'train and test, but change nothing', false)
  .option('--resume', 'go on with the same run after it was interrupted', false)
  .option('--report <file>', 'where the JSON report goes (default: tuning/report.json in the collection)')
  .option('--curve <file>', 'where the learning curve goes (default: tuning/curve.svg in the collection)')
  .option('--quiet', 'no progress', false)
  .action(async (options) =>
    run(options.json, async (signal) => (await import('./tune-command.ts')).tuneCommand(options, signal)),
  );

command('verify', 'check every checksum and cross-reference').action(async (options) =>
  run(options.json, async (signal) => (await import('./manage-commands.ts')).verifyCommand(options, signal)),
);

command('compact', 'merge segments and drop what was deleted')
  .option('--full', 'merge everything', false)
  .action(async (options) =>
    run(options.json, async (signal) => (await import('./manage-commands.ts')).compactCommand(options, signal)),
  );

command('plan', 'find an index of the vectors that keeps a budget, by trying, and prove it on unseen queries')
  .option('--bytes <n>', 'most bytes of memory a vector', above('--bytes'))
  .option('--recall <share>', 'least recall@10 against exact search, e.g. 0.95', above('--recall'))
  .option('--p95 <time>', 'most time of a search, e.g. 5ms', milliseconds)
  .option(
    '--queries <file>',
    'what people ask: a line each, or JSONL with a field text (default: own titles and sentences)',
  )
  .option('--spec <spec>', 'try this specification (repeatable; default: a range)', collect)
  .option('--sample <n>', 'vectors looked at (default: 200000)', whole('--sample'))
  .option('--seconds <n>', 'no further specification is begun after so many seconds (default: 80)', above('--seconds'))
  .option('--seed <n>', 'seed of samples and training', whole('--seed', 0))
  .option('--out <prefix>', 'write PREFIX.svg, PREFIX.json (default: plan in the folder of the collection)')
  .option('--apply', 'rebuild with the choice', false)
  .action(async (options) =>
    run(options.json, async (signal) => (await import('./plan-command.ts')).planCommand(options, signal)),
  );

command('rebuild', 'code the vectors by another index specification; nothing is embedded again')
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
    run(options.json, async (signal) => (await import('./rebuild-command.ts')).rebuildCommand(options, signal)),
  );

command('reencode', 'give the collection another encoder; searches go on, and it resumes where it was interrupted')
  .option('--encoder <spec>', 'as for index (default: the one that was begun)')
  .option('--abandon', 'give up what was begun', false)
  .option('--quiet', 'no progress', false)
  .action(async (options) =>
    run(options.json, async (signal) => (await import('./reencode-command.ts')).reencodeCommand(options, signal)),
  );

command('add-field [name]', 'add a field: another encoder, or vectors of titles, headings, metadata or tokens')
  .option('--of <source>', 'passage (default), text, title, headings or metadata.NAME')
  .option('--encoder <spec>', 'as for index')
  .option('--kind <kind>', 'vector (default): one for each passage; vectors: one for each token, for reranking')
  .option('--quiet', 'no progress', false)
  .action(async (name: string | undefined, options) =>
    run(options.json, async (signal) => (await import('./fields-command.ts')).addFieldCommand(name, options, signal)),
  );

command('remove-field <name>', 'take a field away that was added, or give up one that is being made').action(
  async (name: string, options) =>
    run(options.json, async () => (await import('./fields-command.ts')).removeFieldCommand(name, options)),
);

const vectors = program
  .command('vectors')
  .description('indexes of vectors from files (.npy, .fvecs, .bvecs, .ivecs), without a collection');

function vectorsCommand(usage: string, description: string): Command {
  return vectors
    .command(usage)
    .description(description)
    .option('--json', 'print one JSON object instead of text', false);
}

const metricOption = () =>
  new Option('--metric <name>', 'greater is better: inner product, cosine, or negated squared distance')
    .choices(['ip', 'cosine', 'l2'])
    .default('ip');

vectorsCommand('build <file>', 'learn an index from the vectors of a file, and write it to a file')
  .requiredOption('--spec <spec>', 'index specification, e.g. ivf1024,apq50x4,refine:full')
  .option('--out <file>', 'the index (default: the name of the file with .index)')
  .addOption(metricOption())
  .option('--seed <n>', 'seed of training', whole('--seed', 0))
  .option('--threads <n>', 'threads that share the work (default: one for each core)', whole('--threads'))
  .action(async (file: string, options) =>
    run(options.json, async (signal) => (await import('./vectors-command.ts')).vectorsBuild(file, options, signal)),
  );

vectorsCommand('search <index> <queries>', 'search an index for each vector of a file')
  .option('-k, --k <n>', 'how many hits', whole('-k'), 10)
  .option('--nprobe <n>', 'lists scanned (default: an eighth, stopping early)', whole('--nprobe'))
  .option('--refine <n>', 'candidates scored again, as a multiple of k', above('--refine'))
  .option('--rows <range>', 'only these queries, e.g. 0-9')
  .action(async (index: string, queries: string, options) =>
    run(options.json, async () => (await import('./vectors-command.ts')).vectorsSearch(index, queries, options)),
  );

vectorsCommand('bench <file>', 'bytes, recall and time of index specifications on the vectors of a file')
  .option('--queries <file>', 'vectors that are searched for (default: some of the file, left out of the index)')
  .option('--spec <spec>', 'try this specification (repeatable; default: a range)', collect)
  .addOption(metricOption())
  .option('--bytes <n>', 'most bytes of memory a vector', above('--bytes'))
  .option('--recall <share>', 'least recall@10 against exact search (default: 0.95)', above('--recall'))
  .option('--p95 <time>', 'most time of a search, e.g. 5ms', milliseconds)
  .option('--seconds <n>', 'no further specification is begun after so many seconds (default: 80)', above('--seconds'))
  .option('--seed <n>', 'seed of samples and training', whole('--seed', 0))
  .option('--out <prefix>', 'write PREFIX.svg and PREFIX.json')
  .action(async (file: string, options) =>
    run(options.json, async (signal) => (await import('./vectors-command.ts')).vectorsBench(file, options, signal)),
  );

command('remove <ids...>', 'remove documents by id; an id ending in / removes everything under that path').action(
  async (ids: string[], options) =>
    run(options.json, async () => (await import('./manage-commands.ts')).removeCommand(ids, options)),
);

command('doctor', 'check this machine and the collection, and say how to mend what is wrong').action(async (options) =>
  run(options.json, async () => (await import('./doctor-command.ts')).doctorCommand(options)),
);

const several = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

program
  .command('serve')
  .description('serve collections: an HTTP API, a web page and MCP, on this machine unless there are keys')
  .option('--in <[name=]dir>', 'folder of a collection (repeatable; default: .sagitta)', several)
  .addOption(allowRemote())
  .option('--source <[name=]path>', 'folder or file that a sync job reads again (repeatable)', several)
  .option('--port <n>', 'port; 0 takes any free one (default: 7700)', whole('--port', 0))
  .option('--host <address>', 'address to listen on (default: 127.0.0.1); others need --keys')
  .option('--keys <file>', 'file of API keys (see sagitta keys)')
  .option('--read-only', 'refuse everything that writes', false)
  .option('--mcp-write', 'let agents add and remove documents over MCP', false)
  .option('--allow-host <name>', 'name by which a proxy reaches the server (repeatable)', several)
  .option('--cors <origin>', 'website that may use the API (repeatable)', several)
  .option('--threads <n>', 'threads that search (default: one less than processors, 1 to 4)', whole('--threads'))
  .option('--queue <n>', 'searches that may wait (default: 256)', whole('--queue', 0))
  .option('--timeout <ms>', 'most time for a search (default: 10000)', whole('--timeout'))
  .option('--max-body <bytes>', 'largest body with documents (default: 32 MiB)', whole('--max-body'))
  .option('--model <spec>', 'openai:MODEL: a language model that puts answers in words, where they are asked for')
  .option('--model-url <url>', 'where it is asked (default: http://localhost:11434/v1); its key is in the environment')
  .option('--drain <ms>', 'how long stopping waits for what was accepted (default: 30000)', whole('--drain', 0))
  .option('--no-page', 'no web page')
  .option('--no-log', 'no access log (JSON lines on stdout)')
  .option('--json', 'print the address as one JSON object first', false)
  .action(async (options) => {
    const hurry = new AbortController();
    const served = { ...options, in: options.in ?? [nearestCollection()] };
    await run(
      options.json,
      async (signal) => (await import('./serve-command.ts')).serveCommand(served, signal, hurry.signal),
      hurry,
    );
  });

program
  .command('mcp')
  .description('speak the Model Context Protocol over stdin and stdout')
  .option('--in <[name=]dir>', 'folder of a collection (repeatable; default: .sagitta)', several)
  .addOption(allowRemote())
  .option('--write', 'let agents add, replace and remove documents, and read the folders of --source again', false)
  .option('--source <[name=]path>', 'folder or file that the tool `index` reads again (repeatable)', several)
  .action(async (options) =>
    run(false, async (signal) =>
      (await import('./serve-command.ts')).mcpCommand({ ...options, in: options.in ?? [nearestCollection()] }, signal),
    ),
  );

program
  .command('keys')
  .description('API keys of a server: add NAME, list, remove ID')
  .addArgument(new Argument('<action>').choices(['add', 'list', 'remove']))
  .argument('[name]', 'who uses the key; to remove one, its id, or its name if no other has it')
  .addOption(new Option('--scope <scope>', 'what the key allows').choices(['read', 'write']).default('read'))
  .option('--keys <file>', 'file of API keys', 'sagitta-keys.json')
  .option('--json', 'print one JSON object instead of text', false)
  .action(async (action: string, name: string | undefined, options) =>
    run(options.json, async () => (await import('./serve-command.ts')).keysCommand(action, name, options)),
  );

const list = (value: string): string[] =>
  value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

function positive(name: string, most = Number.POSITIVE_INFINITY): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!(number > 0 && number <= most)) throw new InvalidOption(`${name} must be a number above 0, at most ${most}.`);
    return number;
  };
}

program
  .command('eval [dir]')
  .description(
    'evaluate retrievers on a test collection: corpus.jsonl, queries.jsonl and qrels.tsv; with --in alone by what was judged in that collection',
  )
  .option('--retriever <names>', 'bm25, dense, hybrid; several with commas', list, ['bm25', 'dense', 'hybrid'])
  .option(
    '--pipeline <steps>',
    'a pipeline, or the name of one, in place of --retriever (repeatable: all are compared)',
    collect,
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
  .option('--exclude-self', "leave out the document that has the query's own id: for queries that are documents", false)
  .option('--candidates <n>', 'passages of each ranking that hybrid fuses (default: 50)', whole('--candidates'))
  .option('--language <code>', 'language of all queries (default: detected)')
  .option('--runs <dir>', 'write TREC runs there')
  .option('--html <file>', 'write a report there, and its figures as JSON beside it')
  .option('--seed <n>', 'seed of the tests of significance', whole('--seed', 0), 1234)
  .option('--level <p>', 'level of significance', positive('--level', 1), 0.05)
  .option('--quiet', 'no progress', false)
  .option('--json', 'print one JSON object instead of text', false)
  .action(async (dir: string | undefined, options) =>
    run(options.json, async (signal) => {
      if (options.answers && dir !== undefined) {
        return (await import('./eval-answers-command.ts')).evalAnswersCommand(dir, { ...options, version }, signal);
      }
      return (await import('./eval-command.ts')).evalCommand(dir, { ...options, version }, signal);
    }),
  );

program
  .command('compare <runs...>')
  .description('compare run files (TREC or JSONL) of any systems by judgements')
  .requiredOption('--qrels <file>', 'judgements: BEIR, TREC or JSONL')
  .option('--collection <dir>', 'the test collection: checks the runs against it, and gives the report its texts')
  .option('--metrics <names>', 'with commas, the first is the primary one', list)
  .option('--relevance <grade>', 'grade from which a document is relevant', positive('--relevance'), 1)
  .option('--exclude-self', "leave out the document that has the query's own id", false)
  .option('--html <file>', 'write a report there')
  .option('--seed <n>', 'seed of the tests of significance', whole('--seed', 0), 1234)
  .option('--level <p>', 'level of significance', positive('--level', 1), 0.05)
  .option('--json', 'print one JSON object instead of text', false)
  .action(async (runs: string[], options) =>
    run(options.json, async () => (await import('./compare-command.ts')).compareCommand(runs, { ...options, version })),
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
    run(options.json, async () => (await import('./pool-command.ts')).poolCommand(dir, runs, options)),
  );

program
  .command('subset <reports...>')
  .description('which of several test collections suffice to rank systems, from what `eval --json` printed')
  .option('--metric <name>', 'what systems are ranked by', 'ndcg@10')
  .option(
    '--correlation <r>',
    'least rank correlation of a collection with what the others foretell',
    positive('--correlation', 1),
    0.8,
  )
  .option('--error <e>', 'largest squared error of that, in units of its variance', positive('--error'), 0.5)
  .option('--seed <n>', 'seed of the random subsets beside it', whole('--seed', 0), 1234)
  .option('--json', 'print one JSON object instead of text', false)
  .action(async (reports: string[], options) =>
    run(options.json, async () => (await import('./subset-command.ts')).subsetCommand(reports, options)),
  );

command(
  'learn-index',
  "learn a compressed index for a collection's own vectors from their ranking, and deploy the best",
)
  .option('--bytes <n>', 'bytes of a vector', whole('--bytes'), 16)
  .option(
    '--queries <file>',
    'queries to learn from, or with --qrels to judge by (default: sentences of the collection)',
  )
  .option('--qrels <file>', 'judgements: shows nDCG beside recall')
  .option('--labels', 'learn from --qrels as well; nDCG is then of queries held out', false)
  .option('--steps <n>', 'updates of the learned code', whole('--steps'), 600)
  .option('--seed <n>', 'seed of everything random', whole('--seed', 0), 1234)
  .option('--dry-run', 'change nothing', false)
  .option('--no-refine', 'do not score the best candidates again by the full vectors')
  .option('--quiet', 'no progress', false)
  .action(async (options) =>
    run(options.json, async (signal) => (await import('./learn-index-command.ts')).learnIndexCommand(options, signal)),
  );

command('learn-relevance', 'learn from judged queries what `search --relevant` goes by')
  .requiredOption('--queries <file>', 'queries: JSONL, tab-separated, or TREC topics')
  .requiredOption('--qrels <file>', "judgements of the collection's documents: BEIR, TREC or JSONL")
  .addOption(
    new Option(
      '--by <what>',
      "what decides on a query's scale: its list, its embedding, or what is better on held-out queries",
    )
      .choices(['held-out', 'list', 'query', 'both'])
      .default('held-out'),
  )
  .option('--no-foreign', 'do not take general questions for what the collection cannot answer')
  .option('--quiet', 'no progress', false)
  .action(async (options) =>
    run(options.json, async (signal) =>
      (await import('./learn-relevance-command.ts')).learnRelevanceCommand(options, signal),
    ),
  );

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  process.stderr.write(`error Cannot write the result (${error.code}). Send it to a file or a disk with room.\n`);
  process.exit(ExitCode.storage);
});

if (isTooLong(args)) process.exitCode = await runWithPipe(args);
else await program.parseAsync(withFreeWords(args), { from: 'user' });

/** Queries and ids may begin with dashes. */
function withFreeWords(given: readonly string[]): readonly string[] {
  const [name = '', ...rest] = given;
  const free = ['search', 'ask', 'context', 'get', 'remove'].includes(name)
    ? program.commands.find((one) => one.name() === name)
    : undefined;
  if (free === undefined) return given;
  const { args: sorted, dashed } = freeWords(free, rest);
  if (dashed.length > 0) {
    say(
      `${dashed.join(' ')}: no option of \`sagitta ${name}\`, so it is taken as it is (-- before it says so; --help lists options)`,
    );
  }
  return [name, ...sorted];
}
