import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { BrowserDocument } from '../../../src/browser/index.ts';
import type { SearchHit } from '../../../src/search/index.ts';
import { directionOf, visible } from '../../src/text.ts';
import { Marked } from './hits.tsx';
import type { Keeping } from './keeping.ts';

/** Characters around the passage that are laid out at first; the rest comes when it is asked for. */
const AROUND = 20_000;

/** The text of a document, the passage in view, with what matched. */
export function DocumentText({
  keeping,
  open: { id, start },
  hits,
  onClose,
}: {
  readonly keeping: Keeping;
  readonly open: { readonly id: string; readonly start: number };
  readonly hits: readonly SearchHit[];
  readonly onClose: () => void;
}): JSX.Element {
  const [document, setDocument] = useState<BrowserDocument>();
  const [trouble, setTrouble] = useState<string>();
  const [whole, setWhole] = useState(false);
  const article = useRef<HTMLElement>(null);
  const here = useRef<HTMLElement>(null);
  useEffect(() => {
    keeping.document(id).then(setDocument, (error: Error) => setTrouble(error.message));
  }, [keeping, id]);
  useEffect(() => {
    const [panel, passage] = [article.current, here.current];
    if (panel === null || passage === null) return;
    // Beside the list it has a bar of its own, and the list stays where it is.
    if (getComputedStyle(panel).position === 'sticky') panel.scrollTop = passage.offsetTop - panel.clientHeight / 3;
    else passage.scrollIntoView({ block: 'center' });
  }, [document, start, whole]);

  const hit = hits.find((one) => one.id === id && one.start === start);
  const text = document?.text ?? '';
  const from = whole ? 0 : wholeCharacter(text, Math.max(0, start - AROUND));
  const to = whole ? text.length : wholeCharacter(text, Math.min(text.length, (hit?.end ?? start) + AROUND));
  const isCut = to - from < text.length;
  return (
    <article
      ref={article}
      class="document"
      aria-label={visible(id)}
      lang={document?.language === 'und' ? undefined : document?.language}
    >
      <header>
        <h2>
          <bdi>{visible(document?.title || id)}</bdi>
        </h2>
        <button type="button" class="quiet" aria-label="Close the document" onClick={onClose}>
          ×
        </button>
      </header>
      {trouble !== undefined && <p role="alert">{trouble}</p>}
      {isCut && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          Show all {Math.ceil(text.length / 1000)} thousand characters
        </button>
      )}
      <pre dir={directionOf(text)}>
        {visible(text.slice(from, hit?.start ?? from))}
        {hit !== undefined && (
          <span class="here" ref={here}>
            <Marked text={text.slice(hit.start, hit.end)} ranges={hit.highlights} />
          </span>
        )}
        {visible(text.slice(hit?.end ?? from, to))}
      </pre>
    </article>
  );
}

/** The place, or the one after it where it lies within a pair of surrogates. */
function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && code >= 0xdc00 && code < 0xe000 ? at + 1 : at;
}
