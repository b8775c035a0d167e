import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type CollectionInfo, client, type DocumentAnswer } from './api.ts';
import { useLoaded } from './hooks.ts';
import { Icon } from './icons.tsx';
import { plural, visible } from './text.ts';
import { TroubleBox } from './trouble.tsx';

/** Characters of one block: the browser lays out only the blocks that are in view. */
const BLOCK = 4000;

interface Block {
  readonly start: number;
  readonly text: string;
  /** Whether a passage begins here. */
  readonly passage: boolean;
  readonly headings: readonly string[];
}

/** A document beside the results, scrolled to the passage that was opened, which is marked. */
export function DocumentPanel({
  info,
  target,
  onClose,
}: {
  readonly info: CollectionInfo;
  readonly target: { readonly id: string; readonly start: number | undefined };
  readonly onClose: () => void;
}): JSX.Element {
  const { id, start } = target;
  const loaded = useLoaded(`document ${info.name} ${info.generation} ${id}`, (signal) =>
    client(info.name).document(id, { passages: true, signal }),
  );
  const document = loaded.value;
  const blocks = useMemo(() => (document === undefined ? [] : blocksOf(document)), [document]);
  const passages = document?.passages ?? [];
  const at = passages.findIndex((passage) => passage.start === start);
  const passage = start === undefined ? undefined : passages[at];
  const body = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);

  useEffect(() => {
    if (document === undefined) return undefined;
    // Only the text scrolls, not the page. Twice, since blocks have their real height only once they were in view.
    const show = (): void => {
      const marked = body.current?.querySelector<HTMLElement>('.here');
      if (marked == null || body.current === null) return;
      const distance = marked.getBoundingClientRect().top - body.current.getBoundingClientRect().top;
      body.current.scrollTop += distance - body.current.clientHeight / 4;
    };
    show();
    const frame = requestAnimationFrame(show);
    return () => cancelAnimationFrame(frame);
  }, [document, start]);
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);

  return (
    <section
      class="document"
      ref={panel}
      tabIndex={-1}
      aria-label={`Document ${document?.title ?? id}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header>
        <div>
          <h2>
            <bdi>{visible(document === undefined || document.title === '' ? id : document.title)}</bdi>
          </h2>
          <p class="place">
            <bdi>{visible(id)}</bdi>
          </p>
        </div>
        <button type="button" class="quiet" aria-label="Close the document" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {loaded.trouble !== undefined && <TroubleBox trouble={loaded.trouble} again={loaded.again} />}
      {document === undefined && loaded.loading && <p class="faint">Opening…</p>}
      {document !== undefined && (
        <>
          <Facts document={document} />
          <div
            class="text scroll"
            ref={body}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
            tabIndex={0}
            role="document"
            lang={document.language === 'und' ? undefined : document.language}
          >
            {blocks.map((block) => (
              <TextBlock key={block.start} block={block} marked={passage} />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

function Facts({ document }: { readonly document: DocumentAnswer }): JSX.Element {
  const { format, language, lines, passages = [], metadata } = document;
  const facts: [string, string][] = [
    ['format', format],
    ...(language === 'und' ? [] : [['language', language] as [string, string]]),
    ['size', `${plural(lines.of, 'line')}, ${plural(passages.length, 'passage')}`],
    ...Object.entries(metadata).map(([name, value]): [string, string] => [
      name,
      Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  ];
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

function TextBlock({
  block: { start, text, passage, headings },
  marked,
}: {
  readonly block: Block;
  readonly marked: { readonly start: number; readonly end: number } | undefined;
}): JSX.Element {
  const from = marked === undefined ? text.length : Math.min(text.length, Math.max(0, marked.start - start));
  const to = marked === undefined ? text.length : Math.min(text.length, Math.max(from, marked.end - start));
  const shown = visible(text);
  return (
    <div class="block" dir="auto" id={`at-${start}`}>
      {passage && (
        <a
          class="anchor"
          href={`#at-${start}`}
          title={headings.length === 0 ? 'A passage begins here' : headings.join(' › ')}
          aria-label="Link to this passage"
          tabIndex={-1}
        >
          ¶
        </a>
      )}
      {shown.slice(0, from)}
      {to > from && <mark class="here">{shown.slice(from, to)}</mark>}
      {shown.slice(to)}
    </div>
  );
}

/** The text cut where passages begin, and within long ones, never within a pair of surrogates. */
function blocksOf({ text, passages = [] }: DocumentAnswer): Block[] {
  const starts = new Map(passages.map(({ start, headings }) => [start, headings]));
  const cuts = new Set([0, ...starts.keys()]);
  const sorted = [...cuts].sort((a, b) => a - b);
  const blocks: Block[] = [];
  sorted.forEach((start, i) => {
    const end = sorted[i + 1] ?? text.length;
    for (let at = start; at < end; ) {
      let next = Math.min(end, at + BLOCK);
      const code = text.charCodeAt(next);
      if (next < end && code >= 0xdc00 && code < 0xe000) next++;
      blocks.push({ start: at, text: text.slice(at, next), passage: starts.has(at), headings: starts.get(at) ?? [] });
      at = next;
    }
  });
  return blocks;
}
