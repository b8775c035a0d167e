import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'Go to the search box'],
  ['↓ ↑', 'Next and previous document'],
  ['→', 'At the end of the search box: take the completion'],
  ['Enter', 'Open the document at the passage'],
  ['e', 'Why is it here? Scores of this passage'],
  ['s', 'Passages similar to this one'],
  ['o', 'Open the original page'],
  ['0 1 2 3', 'When evaluating: how well a document answers; u takes it back'],
  ['Esc', 'Close what is open'],
  ['?', 'This list'],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="help-title">
      <h2 id="help-title">Keyboard and filters</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>
        In the search box, <code>"exact phrase"</code>, <code>+must</code>, <code>-not</code>, <code>begin*</code>,{' '}
        <code>field:value</code>, <code>year:&gt;=2023</code>, <code>year:2020..2023</code> and{' '}
        <code>one OR other</code> mean what they say.
      </p>
      <p>
        A filter reads <code>year &gt;= 2020 and tags in [api, guide]</code>, <code>path ^= "docs/"</code> (starts
        with), <code>author exists</code>, <code>not draft = true</code>.
      </p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
