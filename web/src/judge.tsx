import './judge.css';
import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { qrelsText, queriesText } from '../../src/api/judgement-files.ts';
import { client, type JudgedQuery, type MeasureAnswer, type Trouble, troubleOf } from './api.ts';
import { isTyping, type ViewProps } from './app.tsx';
import { DocumentPanel } from './document.tsx';
import { Marked } from './hit.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { type Candidate, candidatesFor, judgementsOf } from './judging.ts';
import { Measures } from './measures.tsx';
import { save } from './original.tsx';
import { directionOf, plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

const GRADES: readonly (readonly [label: string, title: string])[] = [
  ['No', 'Does not answer'],
  ['Touches', 'Touches on it'],
  ['Answers', 'Answers'],
  ['Perfect', 'Answers completely'],
];

/** Makes a test collection: hits are judged with a key each, pipelines are measured by it. */
export function JudgeView({ state, change, close, info }: ViewProps): JSX.Element {
  const judgements = useMemo(() => judgementsOf(info), [info.name, info.capabilities.write]);
  const stored = useLoaded(`judgements ${info.name} ${judgements.kept}`, (signal) => judgements.load(signal));
  const [queries, setQueries] = useState<readonly JudgedQuery[]>([]);
  useEffect(() => {
    if (stored.value !== undefined) setQueries(stored.value);
  }, [stored.value]);
  const [typed, setTyped] = useState('');
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const pipelines = useMemo(() => {
    const { retrievers, pipelines: named } = info.capabilities;
    return [...retrievers, ...named.map(({ name }) => name)].slice(0, 8);
  }, [info]);
  const current = state.query.trim();
  const judged = queries.find(({ text }) => text === current);
  const pool = useLoaded(
    current === '' ? undefined : JSON.stringify([info.name, info.generation, pipelines, current]),
    (signal) => candidatesFor(info, pipelines, current, signal),
  );
  const candidates = current === '' ? [] : (pool.value ?? []);
  const gradeOf = (id: string): number | undefined => judged?.judgements.find(({ document }) => document === id)?.grade;
  const left = candidates.filter(({ id }) => gradeOf(id) === undefined).length;
  const list = useRef<HTMLOListElement>(null);

  const keep = useCallback((query: JudgedQuery) => {
    setQueries((before) => {
      const at = before.findIndex(({ id }) => id === query.id);
      return at < 0 ? [...before, query] : before.map((one, i) => (i === at ? query : one));
    });
  }, []);
  const grade = async (id: string, value: number | null): Promise<void> => {
    try {
      keep(await judgements.judge(current, id, value));
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  const choose = (query: string): void => change({ query, document: undefined });
  const add = async (query: string): Promise<void> => {
    const text = query.trim();
    if (text === '') return;
    setTyped('');
    try {
      keep(await judgements.addQuery(text));
      choose(text);
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  const remove = async (query: string): Promise<void> => {
    try {
      await judgements.removeQuery(query);
      setQueries((before) => before.filter(({ text }) => text !== query));
      if (query === current) choose('');
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };

  const measured = useMeasures(info.name);
  const answered = queries.filter(({ judgements: own }) => own.some(({ grade: value }) => value > 0)).length;
  const cards = (): HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>('.candidate') ?? [])];
  const focusNext = (from: number, step: number): void => cards()[from + step]?.focus();
  const reading = state.document;

  return (
    <main id="main" tabIndex={-1} class={reading === undefined ? 'judge' : 'judge reading'}>
      <section class="judge-queries" aria-label="Queries">
        <h1>Evaluate {info.name}</h1>
        <p class="faint">
          Judge what pipelines find, and see which of them ranks best for your own questions.
          {judgements.kept === 'browser' && ' This server only reads, so judgements stay in this browser: save them.'}
        </p>
        <form
          class="field small"
          onSubmit={(event) => {
            event.preventDefault();
            void add(typed);
          }}
        >
          <Icon name="plus" />
          <input
            type="text"
            aria-label="A query to judge"
            placeholder="A query as people ask it"
            value={typed}
            autocomplete="off"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <button type="submit" class="quiet" disabled={typed.trim() === ''}>
            Add
          </button>
        </form>
        {stored.trouble !== undefined && <TroubleBox trouble={stored.trouble} again={stored.again} />}
        {queries.length > 0 && (
          <ul class="query-list" aria-label="Judged queries">
            {queries.map(({ id, text, judgements: own }) => (
              <li key={id}>
                <button
                  type="button"
                  class="plainlike"
                  aria-current={text === current ? 'true' : undefined}
                  onClick={() => choose(text)}
                >
                  <span class="name">
                    <bdi>{visible(text)}</bdi>
                  </span>
                  <span class="count" title={`${plural(own.length, 'judgement')}`}>
                    {own.length}
                  </span>
                </button>
                <button type="button" class="quiet" aria-label={`Remove ${text}`} onClick={() => void remove(text)}>
                  <Icon name="close" />
                </button>
              </li>
            ))}
          </ul>
        )}
        {queries.length > 0 && (
          <p class="buttons">
            <button
              type="button"
              class="quiet"
              onClick={() => save('qrels.tsv', new Blob([qrelsText(queries)], { type: 'text/tab-separated-values' }))}
            >
              <Icon name="save" /> qrels.tsv
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() => save('queries.jsonl', new Blob([queriesText(queries)], { type: 'application/jsonl' }))}
            >
              <Icon name="save" /> queries.jsonl
            </button>
          </p>
        )}
      </section>
      <section id="results" tabIndex={-1} class="judge-pool" aria-label="Documents to judge">
        {trouble !== undefined && <TroubleBox trouble={trouble} again={() => setTrouble(undefined)} />}
        {current === '' && <Intro has={queries.length > 0} />}
        {pool.trouble !== undefined && current !== '' && <TroubleBox trouble={pool.trouble} again={pool.again} />}
        {current !== '' && pool.trouble === undefined && (
          <>
            <header>
              <h2 dir={directionOf(current)}>{visible(current)}</h2>
              <p class="faint" role="status">
                {pool.value === undefined
                  ? 'Searching…'
                  : left === 0
                    ? `All ${plural(candidates.length, 'document')} are judged.`
                    : `${left} of ${plural(candidates.length, 'document')} left. Keys 0 to 3 judge, ↓ ↑ move, Enter opens.`}
              </p>
            </header>
            <ol
              class={pool.loading ? 'candidates stale' : 'candidates'}
              ref={list}
              onKeyDown={(event) => {
                if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
                const all = cards();
                const at = all.findIndex((card) => card.contains(document.activeElement));
                const one = candidates[at];
                if (event.key === 'ArrowDown' || event.key === 'j') {
                  event.preventDefault();
                  focusNext(at, 1);
                } else if (event.key === 'ArrowUp' || event.key === 'k') {
                  event.preventDefault();
                  focusNext(at, -1);
                } else if (one !== undefined && /^[0-3]$/.test(event.key)) {
                  event.preventDefault();
                  void grade(one.id, Number(event.key));
                  focusNext(at, 1);
                } else if (one !== undefined && (event.key === 'u' || event.key === 'Backspace')) {
                  event.preventDefault();
                  void grade(one.id, null);
                } else if (one !== undefined && event.key === 'Enter' && document.activeElement === all[at]) {
                  change({ document: { id: one.id, start: one.start, collection: undefined } });
                }
              }}
            >
              {candidates.map((candidate) => (
                <CandidateCard
                  key={candidate.id}
                  candidate={candidate}
                  grade={gradeOf(candidate.id)}
                  onGrade={(value) => void grade(candidate.id, value)}
                  onOpen={() =>
                    change({ document: { id: candidate.id, start: candidate.start, collection: undefined } })
                  }
                />
              ))}
            </ol>
          </>
        )}
      </section>
      <section class="judge-measures" aria-label="Measures">
        <h2>nDCG@10</h2>
        <p>
          <button
            type="button"
            disabled={answered === 0 || measured.busy}
            onClick={() => void measured.measure(pipelines, judgements.kept === 'server' ? undefined : queries)}
          >
            {measured.busy ? 'Measuring…' : 'Measure pipelines'}
          </button>
        </p>
        {answered === 0 && <p class="faint">Judge at least one query; ten say something, fifty say much.</p>}
        {measured.trouble !== undefined && <TroubleBox trouble={measured.trouble} again={measured.forget} />}
        {measured.value !== undefined && <Measures value={measured.value} />}
        {judgements.kept === 'server' && queries.length > 0 && (
          <details class="commands">
            <summary>Learn from these judgements</summary>
            <p>They lie beside the collection, in its folder:</p>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
            <pre tabIndex={0}>
              <code>{`sagitta learn-relevance \\
  --queries judgements/queries.jsonl \\
  --qrels judgements/qrels.tsv
sagitta tune \\
  --queries judgements/queries.jsonl \\
  --qrels judgements/qrels.tsv`}</code>
            </pre>
          </details>
        )}
      </section>
      {reading !== undefined && (
        <DocumentPanel
          key={reading.id}
          info={info}
          target={reading}
          query={current}
          onGo={(id, start, how) => change({ document: { id, start, collection: undefined } }, how)}
          onClose={() => {
            const at = candidates.findIndex(({ id }) => id === reading.id);
            close({ document: undefined });
            cards()[Math.max(0, at)]?.focus();
          }}
        />
      )}
    </main>
  );
}

/** What the page is for, before a query is chosen. */
function Intro({ has }: { readonly has: boolean }): JSX.Element {
  return (
    <div class="empty">
      <h2>{has ? 'Choose a query, or add one' : 'Your own test collection, in minutes'}</h2>
      <ol>
        <li>Add queries as people really ask them.</li>
        <li>
          Judge what comes: <kbd>0</kbd> no answer, <kbd>1</kbd> touches on it, <kbd>2</kbd> answers, <kbd>3</kbd>{' '}
          answers completely. Which pipeline found it is not shown.
        </li>
        <li>Measure: nDCG@10 of all pipelines, with intervals that say how sure that is.</li>
      </ol>
    </div>
  );
}

function CandidateCard({
  candidate: { id, title, text, highlights },
  grade,
  onGrade,
  onOpen,
}: {
  readonly candidate: Candidate;
  readonly grade: number | undefined;
  readonly onGrade: (grade: number | null) => void;
  readonly onOpen: () => void;
}): JSX.Element {
  const name = visible(title === '' ? id : title);
  return (
    <li
      class={grade === undefined ? 'candidate' : `candidate judged grade${grade}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys judge the one that has the focus
      tabIndex={0}
      aria-label={name}
    >
      <h3 dir={directionOf(name)}>
        <button type="button" class="linklike" title={name.length > 90 ? name : undefined} onClick={onOpen}>
          <span class="name">{name}</span>
        </button>
      </h3>
      <p class="passage" dir={directionOf(text)}>
        <Marked text={text} ranges={highlights} />
      </p>
      <fieldset class="grades">
        <legend class="hidden">How well it answers</legend>
        {GRADES.map(([label, what], value) => (
          <button
            key={label}
            type="button"
            title={what}
            aria-pressed={grade === value}
            onClick={() => onGrade(grade === value ? null : value)}
          >
            <kbd>{value}</kbd> {label}
          </button>
        ))}
      </fieldset>
    </li>
  );
}

function useMeasures(collection: string): {
  readonly value: MeasureAnswer | undefined;
  readonly trouble: Trouble | undefined;
  readonly busy: boolean;
  readonly measure: (pipelines: string[], queries: readonly JudgedQuery[] | undefined) => Promise<void>;
  readonly forget: () => void;
} {
  const [value, setValue] = useState<MeasureAnswer | undefined>(undefined);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  return {
    value,
    trouble,
    busy,
    forget: () => setTrouble(undefined),
    measure: async (pipelines, queries) => {
      setBusy(true);
      setTrouble(undefined);
      try {
        const given = queries === undefined ? {} : { queries: queries.map((query) => ({ ...query })) };
        setValue(await client(collection).measure({ pipelines, ...given }));
      } catch (error) {
        setTrouble(troubleOf(error));
      } finally {
        setBusy(false);
      }
    },
  };
}
