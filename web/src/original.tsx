import type { JSX } from 'preact';
import { client, originalAddress, storedKey } from './api.ts';
import { Icon } from './icons.tsx';
import { baseName } from './text.ts';

/** The address of a document elsewhere, where its metadata name one that a browser may follow. */
export function addressIn(metadata: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of ['url', 'link', 'source.url', 'href', 'canonical']) {
    const value = metadata[name];
    if (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)) return value;
  }
  return undefined;
}

/** A link to what a document was made from: its file, or the page that its metadata name. */
export function OriginalLink({
  collection,
  id,
  path,
  metadata,
  has,
}: {
  readonly collection: string;
  readonly id: string;
  readonly path: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Whether the server can give the file out. */
  readonly has: boolean;
}): JSX.Element | null {
  const elsewhere = addressIn(metadata);
  if (elsewhere !== undefined) {
    return (
      <a class="button quiet" href={elsewhere} target="_blank" rel="noopener noreferrer" title={elsewhere}>
        <Icon name="out" /> Original
      </a>
    );
  }
  if (!has) return null;
  if (storedKey() === undefined) {
    return (
      <a
        class="button quiet"
        href={originalAddress(collection, id)}
        target="_blank"
        rel="noopener noreferrer"
        title={path}
      >
        <Icon name="out" /> Original
      </a>
    );
  }
  // A link cannot bring the key, and what is fetched must not become a page of ours: it is saved.
  return (
    <button
      type="button"
      class="quiet"
      title={path}
      onClick={async () => {
        const blob = await client(collection).original(id);
        save(baseName(path ?? id), new Blob([blob], { type: 'application/octet-stream' }));
      }}
    >
      <Icon name="out" /> Save original
    </button>
  );
}

/** Gives a file to whoever looks at the page. */
export function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
