import type { JSX } from 'preact';

const PATHS = {
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm5 12 4 4',
  close: 'm6 6 12 12M18 6 6 18',
  similar: 'M8 7h12M8 12h12M8 17h12M4 7h.01M4 12h.01M4 17h.01',
  why: 'M4 19V9m5 10V5m5 14v-7m5 7V8',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7m2 3a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7L12 17',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Zm0-5v1.5m0 15V21M3 12h1.5m15 0H21M5.6 5.6l1.1 1.1m10.6 10.6 1.1 1.1m0-12.8-1.1 1.1M6.7 17.3l-1.1 1.1',
  moon: 'M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5Z',
  auto: 'M12 4a8 8 0 1 0 0 16Zm0 0a8 8 0 0 1 0 16',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  lasso: 'M7 18c-3-1-4-3.500-4-6.500C3 7 7 4 12 4s9 3 9 7-4 7-9 7c-2 0-3-.5-3-1.500s1-1.500 2-1 .500 3-1 4.500',
  home: 'M4 12a8 8 0 1 0 3-6.200M4 4v4h4',
  filter: 'M4 6h16M7 12h10m-7 6h4',
  map: 'm4 7 5-2 6 2 5-2v12l-5 2-6-2-5 2Zm5-2v12m6-10v12',
  judge: 'M5 12.5 9.500 17 19 7',
  collection:
    'M4 6.500C4 5 7.500 4 12 4s8 1 8 2.500S16.500 9 12 9 4 8 4 6.500Zm0 0v11C4 19 7.500 20 12 20s8-1 8-2.500v-11M4 12c0 1.500 3.500 2.500 8 2.500s8-1 8-2.500',
  down: 'm7 10 5 5 5-5',
  up: 'm7 14 5-5 5 5',
  out: 'M10 5H5v14h14v-5M14 5h5v5m0-5-8 8',
  clock: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 4v4l3 2',
  add: 'M12 16V5m-4 4 4-4 4 4M5 15v4h14v-4',
  text: 'M5 6h14M5 10h14M5 14h9m-9 4h6',
  page: 'M7 3h7l4 4v14H7ZM14 3v4h4M10 12h5m-5 4h5',
  save: 'M12 5v11m-4-4 4 4 4-4M5 19h14',
} as const;

/** A line drawing; it says nothing to a screen reader, the button around it does. */
export function Icon({ name }: { readonly name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** An arc, its chord, and the arrow between them: the sagitta. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 24" aria-hidden="true">
      <path class="arc" d="M3 18A15.500 15.500 0 0 1 29 18" />
      <path class="chord" d="M3 18H29" />
      <path class="arrow" d="M16 18V6m-3.500 3.500L16 6l3.500 3.500" />
    </svg>
  );
}
