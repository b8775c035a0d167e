import './collection.css';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { chooseFiles } from './adding.tsx';
import { client, type Job, type JobRequestInput, type Trouble, troubleOf } from './api.ts';
import type { ViewProps } from './app.tsx';
import { EvaluationPanel } from './evaluation.tsx';
import { FrontierPanel } from './frontier.tsx';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { bytes, number, plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

/** What the collection is, and the work that can be done on it. */
export function CollectionView({ info, refresh }: ViewProps & { readonly refresh: () => void }): JSX.Element {
  const {
    name,
    documents = 0,
    passages = 0,
    bytes: size = 0,
    segments = 0,
    encoder,
    dim,
    languages = {},
    generation,
  } = info;
  const sorted = Object.entries(languages).sort(([, a], [, b]) => b - a);
  const total = Math.max(1, documents);
  return (
    <main id="main" tabIndex={-1} class="plain collection">
      <h1>{name}</h1>
      <dl class="tiles">
        <Tile name="Documents" value={number(documents)} />
        <Tile name="Passages" value={number(passages)} />
        <Tile name="On disk" value={bytes(size)} />
        <Tile name="Segments" value={number(segments)} />
      </dl>
      <dl class="facts-list">
        <div>
          <dt>Encoder</dt>
          <dd>{encoder === 'none' ? 'none: searched by words alone' : `${encoder}, ${dim} components`}</dd>
        </div>
        <div>
          <dt>Generation</dt>
          <dd>{number(generation ?? 0)}</dd>
        </div>
      </dl>
      {sorted.length > 0 && (
        <section aria-labelledby="languages">
          <h2 id="languages">Languages</h2>
          <ul class="bars">
            {sorted.slice(0, 12).map(([language, count]) => (
              <li key={language}>
                <span class="name">{language === 'und' ? 'undetermined' : nameOf(language)}</span>
                <meter min={0} max={1} value={Math.min(1, count / total)} aria-hidden="true" />
                <span class="count">{number(count)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {info.capabilities.frontier && <FrontierPanel info={info} />}
      {info.capabilities.evaluation && <EvaluationPanel info={info} />}
      <Jobs info={info} refresh={refresh} />
    </main>
  );
}

function Tile({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function nameOf(language: string): string {
  try {
    return new Intl.DisplayNames('en', { type: 'language' }).of(language) ?? language;
  } catch {
    return language;
  }
}

function Jobs({ info, refresh }: Pick<ViewProps, 'info'> & { readonly refresh: () => void }): JSX.Element {
  const [job, setJob] = useState<Job | undefined>(undefined);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const former = useLoaded(`jobs ${job?.finished}`, (signal) => client(info.name).jobs({ signal }));
  const busy = job !== undefined && job.finished === undefined;
  const start = async (request: JobRequestInput): Promise<void> => {
    const server = client(info.name);
    setTrouble(undefined);
    try {
      const started = await server.startJob(request);
      setJob(started);
      for await (const state of server.watchJob(started.id)) setJob(state);
      refresh();
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  };
  return (
    <section aria-labelledby="work">
      <h2 id="work">Work</h2>
      {info.capabilities.write ? (
        <p class="buttons">
          <label class="button">
            <Icon name="add" /> Add files
            <input
              type="file"
              class="hidden"
              multiple
              onChange={(event) => {
                const { files } = event.currentTarget;
                if (files !== null) chooseFiles(files);
                event.currentTarget.value = '';
              }}
            />
          </label>
          {info.capabilities.sync && (
            <button type="button" disabled={busy} onClick={() => void start({ kind: 'sync' })}>
              Read the folders again
            </button>
          )}
          <button type="button" disabled={busy} onClick={() => void start({ kind: 'compact' })}>
            Merge segments
          </button>
          <button type="button" disabled={busy} onClick={() => void start({ kind: 'verify' })}>
            Verify every byte
          </button>
        </p>
      ) : (
        <p class="faint">This server only reads.</p>
      )}
      {trouble !== undefined && <TroubleBox trouble={trouble} again={() => setTrouble(undefined)} />}
      {job !== undefined && (
        <p role="status">
          <JobLine job={job} />
        </p>
      )}
      {(former.value?.length ?? 0) > 0 && (
        <ul class="jobs">
          {former
            .value!.filter(({ id, collection }) => id !== job?.id && collection === info.name)
            .slice(0, 8)
            .map((one) => (
              <li key={one.id}>
                <JobLine job={one} />
              </li>
            ))}
        </ul>
      )}
    </section>
  );
}

function JobLine({ job: { kind, state, progress, report, problem, created } }: { readonly job: Job }): JSX.Element {
  const done =
    progress === undefined
      ? ''
      : progress.total === undefined
        ? plural(progress.done, 'document')
        : kind === 'reencode'
          ? `${number(progress.done)} of ${plural(progress.total, 'passage')}`
          : `${bytes(progress.done)} of ${bytes(progress.total)}`;
  return (
    <>
      <strong>{kind}</strong> {state} <time class="faint">{new Date(created).toLocaleTimeString()}</time>
      {state === 'running' && done !== '' && ` · ${progress!.phase} ${done}`}
      {problem !== undefined && <span class="bad"> · {visible(problem)}</span>}
      {report !== undefined && <span class="faint"> · {summary(report)}</span>}
    </>
  );
}

function summary(report: Readonly<Record<string, unknown>>): string {
  if (report['sound'] === true) return 'sound';
  if (report['sound'] === false) return `damaged: ${JSON.stringify(report['faults']).slice(0, 200)}`;
  return Object.entries(report)
    .filter(([name, value]) => typeof value === 'number' && value > 0 && name !== 'tookMs' && name !== 'generation')
    .map(([name, value]) => `${name} ${number(value as number)}`)
    .join(', ');
}
