import { type Command, Option } from 'commander';
import { InvalidArgumentError } from '../../base/errors.ts';
import { collectionCommand } from '../collection-command.ts';
import { above, whole } from '../option-values.ts';
import { run } from '../run.ts';

/** Options that only some of what is trained takes; all others take theirs. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  reranker: ['objective', 'depth', 'base', 'lora', 'patience', 'negatives'],
  impact: ['flops', 'base', 'patience', 'negatives'],
  feedback: ['passages'],
  encoder: [
    'mine',
    'consistency',
    'minCosine',
    'curriculum',
    'distill',
    'teacher',
    'side',
    'rank',
    'resume',
    'curve',
    'lora',
    'patience',
    'negatives',
  ],
};

/** @returns what is trained. @throws InvalidArgumentError for an option that would have no effect. */
function rejectForeign(options: Readonly<Record<string, unknown>>): unknown {
  const { what } = options;
  const own = TAKEN[Object.hasOwn(TAKEN, String(what)) ? String(what) : 'encoder']!;
  const foreign = Object.values(TAKEN)
    .flat()
    .filter((name) => !own.includes(name));
  const found = foreign.find((name) => options[name] !== undefined && options[name] !== false);
  if (found === undefined) return what;
  const others = Object.keys(TAKEN).filter((name) => name !== 'encoder' && TAKEN[name]!.includes(found));
  const instead = others.map((name) => `, or train with --what ${name}`).join('');
  const typed = found.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  throw new InvalidArgumentError(`--${typed} has no meaning with --what ${what}.`, `Leave it out${instead}.`);
}

/** Commands that learn from judgements, or from the collection itself. */
export function addLearning(program: Command): void {
  collectionCommand(
    program,
    'tune',
    'train the encoder, a reranker, weights of words, or feedback, on queries of your own; it is deployed only if it is significantly better',
  )
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
        'what to train: a correction of query vectors, the query side, all of the encoder, a token table; a cross-encoder, which pipelines then name: rerank(cross); weights of words, which pipelines then name: impact; or feedback on vectors, which pipelines then name: feedback(learned)',
      )
        .choices(['adapter', 'query', 'encoder', 'table', 'reranker', 'impact', 'feedback'])
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
    .option(
      '--consistency <rank>',
      'train only on pairs whose document is among so many nearest to its query, of those that answer some query of training',
      whole('--consistency'),
    )
    .option(
      '--min-cosine <x>',
      'train only on pairs whose document is as near to its query as that, for the encoder',
      above('--min-cosine', 1),
    )
    .option(
      '--curriculum',
      'draw mined negatives anew for every batch, from any of a hundred to the hardest alone',
      false,
    )
    .option('--pipeline <text>', 'how the collection is searched, which decides (default: its own pipeline, or hybrid)')
    .option('--distill', 'learn from the graded scores of the pipeline too', false)
    .option(
      '--teacher <text>',
      'learn from the graded scores of another pipeline, which searches then do without: hybrid > expand(hyde)',
    )
    .option(
      '--lora <rank>',
      'with query and encoder: train low-rank updates, not the weights; with reranker: their rank (default: 16)',
      whole('--lora'),
    )
    .addOption(
      new Option('--objective <loss>', 'with reranker: how lists are learned (default: listwise)').choices([
        'listwise',
        'pairwise',
        'lambda',
      ]),
    )
    .option('--depth <n>', 'with reranker: candidates of a query that it ranks (default: 20)', whole('--depth', 2))
    .option(
      '--base <encoder>',
      'with reranker and impact: the model to start from, minilm or bert:FOLDER (default: minilm)',
    )
    .option('--passages <n>', 'with feedback: passages that it reads, at most 10 (default: 5)', whole('--passages'))
    .option('--flops <x>', 'with impact: how much small impacts count (default: 0.01)', above('--flops'))
    .option('--side <rank>', 'with query and encoder: train a side path beside the weights', whole('--side'))
    .option('--rank <n>', 'with adapter: columns of the correction', whole('--rank'))
    .option('--seed <n>', 'seed of everything that is random', whole('--seed', 0))
    .option('--dry-run', 'train and test, but change nothing', false)
    .option('--resume', 'go on with the same run after it was interrupted', false)
    .option('--report <file>', 'where the JSON report goes (default: tuning/report.json in the collection)')
    .option('--curve <file>', 'where the learning curve goes (default: tuning/curve.svg in the collection)')
    .option('--quiet', 'no progress', false)
    .action(async (options) =>
      run(options.json, async (signal) => {
        const what = rejectForeign(options);
        if (what === 'reranker')
          return (await import('../tune-reranker-command.ts')).tuneRerankerCommand(options, signal);
        if (what === 'impact') return (await import('../tune-impact-command.ts')).tuneImpactCommand(options, signal);
        if (what === 'feedback')
          return (await import('../tune-feedback-command.ts')).tuneFeedbackCommand(options, signal);
        return (await import('../tune-command.ts')).tuneCommand(options, signal);
      }),
    );

  collectionCommand(program, 'learn-relevance', 'learn from judged queries what `search --relevant` goes by')
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
        (await import('../learn-relevance-command.ts')).learnRelevanceCommand(options, signal),
      ),
    );

  collectionCommand(
    program,
    'learn-compressor',
    'learn from questions with answers which sentences `context --compressor learned` keeps, and when none',
  )
    .requiredOption(
      '--queries <file>',
      'questions with their answers: JSONL with `metadata.answers`; by preferences, any queries',
    )
    .requiredOption('--qrels <file>', "judgements of the collection's documents: BEIR, TREC or JSONL")
    .option('--out <file>', 'where what was learned goes (default: into the collection)')
    .option('-k, --k <n>', 'passages of a question', whole('-k'), 20)
    .addOption(
      new Option(
        '--by <what>',
        'what is learned: weights of signals, a dual encoder over vectors, both; or by preferences what of passages stays whatever is asked, which needs no answers',
      )
        .choices(['signals', 'vectors', 'both', 'preferences'])
        .default('signals'),
    )
    .option('--seed <n>', 'seed of everything that is random', whole('--seed', 0), 1)
    .option('--quiet', 'no progress', false)
    .action(async (options) =>
      run(options.json, async (signal) =>
        (await import('../learn-compressor-command.ts')).learnCompressorCommand(options, signal),
      ),
    );

  collectionCommand(
    program,
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
    .option('--learning-rate <x>', 'peak learning rate (default: 0.0003)', above('--learning-rate'))
    .option('--seed <n>', 'seed of everything random', whole('--seed', 0), 1234)
    .option('--dry-run', 'change nothing', false)
    .option('--no-refine', 'do not score the best candidates again by the full vectors')
    .option('--quiet', 'no progress', false)
    .action(async (options) =>
      run(options.json, async (signal) =>
        (await import('../learn-index-command.ts')).learnIndexCommand(options, signal),
      ),
    );
}
