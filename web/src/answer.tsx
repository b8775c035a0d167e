import type { JSX } from 'preact';
import type { AskAnswer, CollectionInfo } from './api.ts';
import { client } from './api.ts';
import type { ViewProps } from './app.tsx';
import { useLoaded, useSettled } from './hooks.ts';
import { filterOf, writeAddress } from './state.ts';
import { directionOf, percent, visible } from './text.ts';

/** Milliseconds without a key after which a question counts as asked: an answer costs more than a list. */
const PAUSE = 700;

type Answered = AskAnswer & { readonly collection: string };

/**
 * What answers a question: sentences of the documents, word for word, each with its source, which opens where it stands; of several collections that which answers best. Nothing is asked
 * where the query is none.
 */
export function AnswerBox({
  state,
  change,
  chosen,
}: Pick<ViewProps, 'state' | 'change'> & { readonly chosen: readonly CollectionInfo[] }): JSX.Element | null {
  const query = useSettled(state.query, PAUSE);
  const filter = filterOf(state);
  const wanted = isQuestion(query) && query === state.query && state.like === undefined;
  const key = wanted
    ? JSON.stringify([chosen.map(({ name, generation }) => [name, generation]), query, filter])
    : undefined;
  const { value } = useLoaded<Answered>(key, async (signal) => {
    const answers = await Promise.all(
      chosen.map(async ({ name }) => {
        const answer = await client(name).ask(query, { signal, ...(filter === undefined ? {} : { filter }) });
        return { ...answer, collection: name };
      }),
    );
    return answers.reduce((best, one) => (one.confidence > best.confidence ? one : best));
  });
  if (!wanted || value === undefined || value.question !== query) return null;
  if (!value.answered) {
    return (
      <p class="answer none" role="status">
        Not answered here. What comes closest is below.
      </p>
    );
  }
  const collection = chosen.length > 1 ? value.collection : undefined;
  return (
    <section class="answer" aria-label="Answer">
      {value.citations.map(({ id, start, text, number }, i) => {
        const document = { id, start, collection };
        const source = value.context.passages.find((passage) => passage.number === number);
        const place = [visible(id), ...(source?.headings.slice(-1).map(visible) ?? [])].join(' › ');
        return (
          <p key={`${id} ${start}`} dir={directionOf(text)}>
            <q>{visible(text).replace(/\s+/g, ' ')}</q>{' '}
            <a
              href={writeAddress({ ...state, document })}
              aria-label={`Source ${i + 1}: ${place}`}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                change({ document });
              }}
            >
              <bdi>{place}</bdi>
            </a>
          </p>
        );
      })}
      <p class="faint">Word for word from the documents; they answer with {percent(value.confidence)}.</p>
    </section>
  );
}

/** Words by which questions begin, in languages that begin them so. */
const ASKING =
  /^(who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|should|wer|wen|wem|was|wann|wo|welche[rsn]?|warum|wie|qui|que|quoi|quand|où|quel(le)?s?|pourquoi|comment|quién|qué|cuándo|dónde|cuál|cómo|chi|cosa|quando|dove|quale|come|چه|چرا|کی|کجا|کدام|چگونه|چطور|آیا|кто|что|когда|где|какой|почему|как)(?=\s)/iu;

/** Whether a query is a question: it ends as one, or begins as one and has three words. */
export function isQuestion(query: string): boolean {
  const text = query.trim();
  return /\S\s*[?？؟]$/u.test(text) || (ASKING.test(text) && text.split(/\s+/).length >= 3);
}
