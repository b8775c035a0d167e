/** What is on screen, as far as the address says it: an address can be shared, and Back works. */
export interface ViewState {
  readonly view: 'search' | 'map' | 'judge' | 'collection';
  /** Collections that are searched; none: the one that the server takes. */
  readonly collections: readonly string[];
  readonly query: string;
  /** Name or text of a pipeline; undefined for the collection's own. */
  readonly pipeline: string | undefined;
  readonly facets: readonly FacetChoice[];
  /** A filter as a person writes it, besides the facets. */
  readonly where: string;
  /** Order by fields, as the server reads it: `year desc`; undefined for the best first. */
  readonly sort: string | undefined;
  readonly like: PlaceIn | undefined;
  readonly document: (PlaceIn & { readonly collection: string | undefined }) | undefined;
  readonly relevant: boolean;
  /** Documents are listed although nothing is asked or filtered. */
  readonly all: boolean;
  /** How many times more was asked for, from 1. */
  readonly page: number;
}

/** A document, and where in it. */
interface PlaceIn {
  readonly id: string;
  readonly start: number | undefined;
}

/** A value that was chosen, or a range of numbers (either end may be open). */
export type FacetChoice =
  | { readonly field: string; readonly value: string | number | boolean }
  | { readonly field: string; readonly from: number | undefined; readonly to: number | undefined };

export const EMPTY: ViewState = {
  view: 'search',
  collections: [],
  query: '',
  pipeline: undefined,
  facets: [],
  where: '',
  sort: undefined,
  like: undefined,
  document: undefined,
  relevant: false,
  all: false,
  page: 1,
};

const VIEWS: readonly string[] = ['map', 'judge', 'collection'];
const MOST_PAGES = 33;

export function readAddress(search: string): ViewState {
  const parameters = new URLSearchParams(search);
  const text = (name: string): string | undefined => parameters.get(name) ?? undefined;
  const view = text('view') ?? '';
  const like = text('like');
  const document = text('doc');
  return {
    view: VIEWS.includes(view) ? (view as ViewState['view']) : 'search',
    collections: [...new Set(parameters.getAll('in'))],
    query: text('q') ?? '',
    pipeline: text('by'),
    facets: parameters.getAll('f').flatMap(readChoice),
    where: text('where') ?? '',
    sort: text('sort'),
    like: like === undefined ? undefined : { id: like, start: whole(text('likeat')) ?? 0 },
    document: document === undefined ? undefined : { id: document, start: whole(text('at')), collection: text('from') },
    relevant: text('relevant') === '1',
    all: text('all') === '1',
    page: Math.min(MOST_PAGES, Math.max(1, whole(text('page')) ?? 1)),
  };
}

export function writeAddress(state: ViewState): string {
  const parameters = new URLSearchParams();
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') parameters.append(name, String(value));
  };
  set('view', state.view === 'search' ? undefined : state.view);
  for (const collection of state.collections) set('in', collection);
  set('q', state.query);
  set('by', state.pipeline);
  for (const choice of state.facets) set('f', JSON.stringify(choice));
  set('where', state.where);
  set('sort', state.sort);
  set('like', state.like?.id);
  set('likeat', state.like?.start);
  set('relevant', state.relevant ? '1' : undefined);
  set('all', state.all ? '1' : undefined);
  set('page', state.page > 1 ? state.page : undefined);
  set('doc', state.document?.id);
  set('at', state.document?.start);
  set('from', state.document?.collection);
  const search = parameters.toString();
  return search === '' ? '/' : `/?${search}`;
}

function readChoice(text: string): FacetChoice[] {
  try {
    const { field, value, from, to } = JSON.parse(text) as Record<string, unknown>;
    if (typeof field !== 'string' || field === '') return [];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [{ field, value }];
    const number = (end: unknown): number | undefined => (typeof end === 'number' ? end : undefined);
    if (number(from) === undefined && number(to) === undefined) return [];
    return [{ field, from: number(from), to: number(to) }];
  } catch {
    return [];
  }
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The facets and the written filter as one expression; undefined when nothing is filtered. */
export function filterOf({ facets, where }: Pick<ViewState, 'facets' | 'where'>): string | undefined {
  const fields = new Map<string, string[]>();
  const parts: string[] = [];
  for (const choice of facets) {
    if ('value' in choice) {
      const values = fields.get(choice.field) ?? [];
      values.push(quote(choice.value));
      fields.set(choice.field, values);
    } else {
      if (choice.from !== undefined) parts.push(`${quote(choice.field)} >= ${choice.from}`);
      if (choice.to !== undefined) parts.push(`${quote(choice.field)} <= ${choice.to}`);
    }
  }
  for (const [field, values] of fields) parts.unshift(`${quote(field)} in [${values.join(', ')}]`);
  if (where.trim() !== '') parts.push(parts.length === 0 ? where : `(${where})`);
  return parts.length === 0 ? undefined : parts.join(' and ');
}

/** A text for a filter expression, in quotes. */
export function quote(value: string | number | boolean): string {
  return typeof value === 'string' ? `"${value.replace(/[\\"]/g, '\\$&')}"` : String(value);
}

export function isChosen(choices: readonly FacetChoice[], field: string, value: string | number | boolean): boolean {
  return choices.some((choice) => choice.field === field && 'value' in choice && choice.value === value);
}

/** The choices with this one switched. */
export function toggle(
  choices: readonly FacetChoice[],
  field: string,
  value: string | number | boolean,
): readonly FacetChoice[] {
  if (!isChosen(choices, field, value)) return [...choices, { field, value }];
  return choices.filter((choice) => !(choice.field === field && 'value' in choice && choice.value === value));
}

/** The choices with this range in place of the field's former one. */
export function setRange(
  choices: readonly FacetChoice[],
  field: string,
  from: number | undefined,
  to: number | undefined,
): readonly FacetChoice[] {
  const others = choices.filter((choice) => choice.field !== field || 'value' in choice);
  return from === undefined && to === undefined ? others : [...others, { field, from, to }];
}
