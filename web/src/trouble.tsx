import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { storedKey, storeKey, type Trouble } from './api.ts';

/** What went wrong, how to mend it, and a button to try again. */
export function TroubleBox({ trouble, again }: { readonly trouble: Trouble; readonly again: () => void }): JSX.Element {
  return (
    <div class="trouble" role="alert">
      <h2>{trouble.title}</h2>
      <p>{trouble.detail}</p>
      {trouble.remedy !== '' && <p class="faint">{trouble.remedy}</p>}
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}

/** Asks for an API key, which stays in this tab. */
export function KeyForm({ onKey }: { readonly onKey: () => void }): JSX.Element {
  const [key, setKey] = useState('');
  const refused = storedKey() !== undefined;
  return (
    <main id="main" tabIndex={-1} class="plain">
      <h1 class="hidden">Sagitta</h1>
      <form
        class="trouble"
        onSubmit={(event) => {
          event.preventDefault();
          storeKey(key.trim());
          onKey();
        }}
      >
        <h2>This server needs an API key</h2>
        <label>
          Key
          <input
            type="password"
            autocomplete="off"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        {refused && <p role="alert">The key was not accepted.</p>}
        <p class="faint">Whoever runs the server makes one with `sagitta keys add`. It is kept in this tab only.</p>
        <button type="submit" disabled={key.trim() === ''}>
          Open
        </button>
      </form>
    </main>
  );
}
