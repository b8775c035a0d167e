import { RemoteError } from '../../base/errors.ts';
import type { Query } from '../../content/index.ts';
import { fuse } from '../fuse.ts';
import { rrf } from '../fusions.ts';
import type { Retriever } from '../types.ts';
import { within } from '../within.ts';
import type { QueryWriter } from '../writing/index.ts';
import { describe, sharing } from './refining.ts';
import type { OperatorParameter, OperatorScope, ParameterValue } from './types.ts';

/** What every step that has a query written takes. */
export const WRITING: Readonly<Record<'model' | 'ms' | 'otherwise', OperatorParameter>> = {
  model: { kind: 'name', help: 'The language model. Default: the only one.' },
  ms: { kind: 'number', least: 1, most: 600_000, help: 'Milliseconds that the model may take. Default 8000.' },
  otherwise: {
    kind: 'choice',
    choices: ['keep', 'fail'],
    help: 'What happens when it fails, or is late: the query stays (keep, the default), or the search fails.',
  },
};

/** What stands before, asked with what was written; where that are several queries, their rankings are fused by ranks. */
export function writing(
  input: Retriever,
  stage: string,
  writer: QueryWriter,
  { ms, otherwise = 'keep' }: Readonly<Record<string, ParameterValue>>,
  { corpus, fields }: Pick<OperatorScope, 'corpus' | 'fields'>,
): Retriever {
  const budget = (ms as number | undefined) ?? writer.budgetMs ?? Number.POSITIVE_INFINITY;
  return sharing(input, async (query, params) => {
    const start = performance.now();
    const notes: string[] = [];
    const note = (text: string): void => {
      notes.push(text);
    };
    let written: readonly Query[] = [query];
    try {
      const ended = await within(budget, params.signal, (signal) =>
        writer.write(query, { corpus, fields, signal, note }),
      );
      if ('late' in ended) {
        throw new RemoteError(
          `Nothing was written within ${budget} ms.`,
          'Give it more time (ms), or ask another model.',
        );
      }
      written = ended.value;
    } catch (error) {
      if (!(error instanceof RemoteError) || otherwise === 'fail') throw error;
      note(`the query stays as it was: ${error.message}`);
    }
    const tookMs = performance.now() - start;
    const [first = query] = written;
    const retriever =
      written.length > 1
        ? fuse(
            written.map((one) => asking(input, one)),
            rrf(writer.constant),
          )
        : asking(input, first);
    const found = await retriever(query, params);
    if (written.length > 1) note(`${written.length} queries, fused by ranks`);
    else if (first !== query) note((await describe(query, first, corpus)).replace(/^; /, ''));
    return {
      ...found,
      trace: {
        stage,
        tookMs,
        examined: found.trace.examined,
        returned: found.hits.length,
        ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
        inputs: [found.trace],
      },
    };
  });
}

/** The same, whatever query it is given. */
function asking(input: Retriever, query: Query): Retriever {
  return Object.assign<Retriever, Pick<Retriever, 'score'>>(
    (_, params) => input(query, params),
    input.score === undefined ? {} : { score: (_, passages) => input.score!(query, passages) },
  );
}
