import type { JSX } from 'preact';
import { visible } from './text.ts';

const CHIPS = 6;
const LONGEST = 32;

type Value = string | number | boolean;

/** Short metadata, each a filter to choose. */
export function Chips({
  metadata,
  onFilter,
}: {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly onFilter: (field: string, value: Value) => void;
}): JSX.Element {
  const values = Object.entries(metadata)
    .flatMap(([field, value]) => (Array.isArray(value) ? value : [value]).map((one) => [field, one] as const))
    .filter((entry): entry is readonly [string, Value] => {
      const [field, value] = entry;
      if (/^(image|thumbnail|url|link)$/i.test(field) || value === null) return false;
      return typeof value !== 'string' || (value !== '' && value.length <= LONGEST);
    })
    .slice(0, CHIPS);
  return (
    <ul class="chips" aria-label="Metadata; choose one to filter">
      {values.map(([field, value]) => (
        <li key={`${field} ${value}`}>
          <button
            type="button"
            class="chip small"
            title={`Only ${field} = ${value}`}
            onClick={() => onFilter(field, value)}
          >
            <span class="faint">{visible(field)}</span> <bdi>{visible(String(value))}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}
