import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type CollectionInfo, client, type DocumentAnswer } from './api.ts';
import { type Entry, useLoaded, useSettled } from './hooks.ts';
import { Icon } from './icons.tsx';
import { lazy } from './lazy.tsx';
import { OriginalLink } from './original.tsx';
import { Picture } from './picture.tsx';
import { PlainText } from './plain-text.tsx';
import { readAddress, writeAddress } from './state.ts';
import { directionOf, plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

const Rendered = lazy(
  async () => (await import('./rendered.tsx')).Rendered,
  () => <p class="faint">Opening…</p>,
);

/** Characters of Markdown beyond which it is shown as its source: browsers lay out so many elements for seconds. */
const RENDERED = 400_000;
const PICTURES = /\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i;

/** A document beside the results, scrolled to the passage that was opened, which is marked. */
export function DocumentPanel({
  info,
  target,
  query,
  onGo,
  onSimilar,
  onClose,
}: {
  readonly info: CollectionInfo;
  readonly target: { readonly id: string; readonly start: number | undefined };
  /** Its words are marked. */
  readonly query: string;
  /** Goes to another passage or document. */
  readonly onGo: (id: string, start: number | undefined, how: Entry) => void;
  readonly onSimilar?: (id: string, start: number) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { id, start } = target;
  const asked = useSettled(query.trim(), 500);
  const loaded = useLoaded(`document ${info.name} ${info.generation} ${id} ${asked}`, (signal) =>
    client(info.name).document(id, { passages: true, signal, ...(asked === '' ? {} : { query: asked }) }),
  );
  const document = loaded.value;
  const [source, setSource] = useState(false);
  const isMarkdown = document?.format === 'markdown' && document.text.length <= RENDERED;
  const rendered = isMarkdown && !source;
  const passages = document?.passages ?? [];
  const at = passages.findIndex((passage) => passage.start === start);
  const passage = start === undefined ? undefined : passages[at];
  const body = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);

  useEffect(() => {
    if (document === undefined) return undefined;
    // What is rendered comes when its script is there; blocks have their real height only once they were in view.
    const show = (): boolean => {
      const marked = body.current?.querySelector<HTMLElement>('.here');
      if (marked == null || body.current === null) return false;
      const distance = marked.getBoundingClientRect().top - body.current.getBoundingClientRect().top;
      body.current.scrollTop += distance - body.current.clientHeight / 5;
      return true;
    };
    let frame = 0;
    let tries = 0;
    const again = (): void => {
      const done = show();
      if (++tries < (done ? 3 : 60)) frame = requestAnimationFrame(again);
    };
    if (start !== undefined) again();
    return () => cancelAnimationFrame(frame);
  }, [document, start, source]);
  // Before anybody can press a key: Escape closes it from the first moment.
  useLayoutEffect(() => panel.current?.focus({ preventScroll: true }), []);
  useKeptInside(panel, onClose);

  const addressOf = useCallback(
    (place: number) => {
      const state = readAddress(location.search);
      return writeAddress({ ...state, document: { id, collection: state.document?.collection, start: place } });
    },
    [id],
  );
  const go = useCallback((place: number) => onGo(id, place, 'push'), [id, onGo]);
  const title = visible(document === undefined || document.title === '' ? id : document.title);
  return (
    <section
      class="document"
      ref={panel}
      tabIndex={-1}
      aria-label={`Document ${title}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <header>
        <div>
          <h2 dir={directionOf(title)} title={title.length > 90 ? title : undefined}>
            {title}
          </h2>
          <p class="place" title={id.length > 90 ? id : undefined}>
            <bdi>{visible(id)}</bdi>
          </p>
        </div>
        <button type="button" class="quiet" aria-label="Close the document" title="Close (Esc)" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {loaded.trouble !== undefined && <TroubleBox trouble={loaded.trouble} again={loaded.again} />}
      {document === undefined && loaded.loading && <p class="faint">Opening…</p>}
      {document !== undefined && (
        <>
          <div class="doc-tools">
            {isMarkdown && (
              <button type="button" class="quiet" aria-pressed={source} onClick={() => setSource(!source)}>
                <Icon name="text" /> Source
              </button>
            )}
            <OriginalLink
              collection={info.name}
              id={id}
              path={document.path}
              metadata={document.metadata}
              has={document.original === true}
            />
            {onSimilar !== undefined && passages.length > 0 && (
              <button type="button" class="quiet" onClick={() => onSimilar(id, passage?.start ?? passages[0]!.start)}>
                <Icon name="similar" /> Similar
              </button>
            )}
            {passages.length > 1 && (
              <span class="steps">
                <button
                  type="button"
                  class="quiet"
                  aria-label="Previous passage"
                  disabled={at === 0}
                  onClick={() => onGo(id, passages[Math.max(0, at - 1)]!.start, 'replace')}
                >
                  <Icon name="up" />
                </button>
                <span class="faint">
                  {at < 0 ? passages.length : `${at + 1} of ${passages.length}`}
                  <span class="hidden"> passages</span>
                </span>
                <button
                  type="button"
                  class="quiet"
                  aria-label="Next passage"
                  disabled={at === passages.length - 1}
                  onClick={() => onGo(id, passages[Math.min(passages.length - 1, at + 1)]!.start, 'replace')}
                >
                  <Icon name="down" />
                </button>
              </span>
            )}
          </div>
          <Facts document={document} />
          <div
            class={`text scroll ${rendered ? 'rendered' : isCode(document) ? 'code' : ''}`}
            ref={body}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
            tabIndex={0}
            role="document"
            aria-label="Text of the document"
            lang={document.language === 'und' ? undefined : document.language}
          >
            {document.original === true && PICTURES.test(document.path ?? '') && (
              <Picture collection={info.name} id={id} source={undefined} alt={title} />
            )}
            {rendered ? (
              <Rendered
                document={document}
                collection={info.name}
                passage={passage}
                addressOf={addressOf}
                onPassage={go}
                onDocument={(other) => onGo(other, undefined, 'push')}
              />
            ) : (
              <PlainText document={document} passage={passage} addressOf={addressOf} onPassage={go} />
            )}
          </div>
        </>
      )}
    </section>
  );
}

/** Where the document covers the page, Tab stays in it. */
function useKeptInside(panel: { readonly current: HTMLElement | null }, onClose: () => void): void {
  const shut = useRef(onClose);
  shut.current = onClose;
  useEffect(() => {
    const covers = (): boolean => panel.current !== null && getComputedStyle(panel.current).position === 'fixed';
    const press = (event: KeyboardEvent): void => {
      if (!covers()) return;
      if (event.key === 'Escape') shut.current();
      if (event.key !== 'Tab') return;
      const inside = [
        ...panel.current!.querySelectorAll<HTMLElement>('a[href], button:not(:disabled), summary, [tabindex="0"]'),
      ].filter((element) => element.tabIndex >= 0 && element.offsetParent !== null);
      const [first, last] = [inside[0], inside.at(-1)];
      const active = globalThis.document.activeElement;
      const out = active === null || !panel.current!.contains(active) || active === panel.current;
      if (event.shiftKey && (active === first || out)) {
        event.preventDefault();
        last?.focus();
      } else if (!event.shiftKey && (active === last || (out && active !== panel.current))) {
        event.preventDefault();
        first?.focus();
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [panel]);
}

/** Formats of prose; everything else is shown letter under letter. */
const PROSE =
  /^(markdown|text|html|xhtml|pdf|docx?|odt|rtf|epub|mail|mbox|message|pptx?|odp|rst|asciidoc|org|latex|docbook|man|mdoc|subtitles|srt|vtt|image|record|notebook|ipynb|svg)$/;

function isCode({ format, text }: DocumentAnswer): boolean {
  if (PROSE.test(format)) return false;
  // A record's fields are prose too, unless it is laid out by line breaks and indents.
  return /^(\s{2,}|\t)\S/m.test(text.slice(0, 5000)) || /[{};]\s*$/m.test(text.slice(0, 5000));
}

function Facts({ document }: { readonly document: DocumentAnswer }): JSX.Element {
  const { format, language, lines, passages = [], metadata } = document;
  const facts: [string, string][] = useMemo(
    () => [
      ['format', format],
      ...(language === 'und' ? [] : [['language', language] as [string, string]]),
      ['size', `${plural(lines.of, 'line')}, ${plural(passages.length, 'passage')}`],
      ...Object.entries(metadata).map(([name, value]): [string, string] => [
        name,
        Array.isArray(value) ? value.join(', ') : String(value),
      ]),
    ],
    [document],
  );
  return (
    <details class="facts">
      <summary>
        {format}, {plural(lines.of, 'line')}, {plural(passages.length, 'passage')}
      </summary>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{visible(name)}</dt>
            <dd>
              <bdi>{visible(value)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
