/** Colours that stay apart for most kinds of colour blindness (Okabe & Ito), on light and on dark ground. */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#8a8a00', '#808080'];

/** The colour of the i-th thing of a chart. */
export function colour(i: number): string {
  return PALETTE[i % PALETTE.length]!;
}

/** What all charts look like: ink, paper and grid follow the reader's light or dark setting. */
const STYLE = `<style>
.chart{--ink:#222;--paper:#fff;--grid:#ddd;font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.chart{--ink:#ddd;--paper:#161616;--grid:#444}}
.chart text{fill:var(--ink);stroke:none}.chart .paper{fill:var(--paper)}.chart .grid{stroke:var(--grid);fill:none}
.chart .title{font-size:14px}
</style>`;

/** An SVG document that stands on its own, and in a page as well. Pages may set `--paper` of `.chart`. */
export function picture(title: string, width: number, height: number, parts: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(title)}">`,
    STYLE,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
}

/** Where text stands. */
export interface Placement {
  /** Default "start". */
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly class?: string;
  /** Turned to read upwards. Default false. */
  readonly upwards?: boolean;
}

export function text(x: number, y: number, content: string, place: Placement = {}): string {
  const attributes = [
    place.anchor === undefined ? '' : ` text-anchor="${place.anchor}"`,
    place.class === undefined ? '' : ` class="${place.class}"`,
    place.upwards === true ? ` transform="rotate(-90 ${fix(x)} ${fix(y)})"` : '',
  ].join('');
  return `<text x="${fix(x)}" y="${fix(y)}"${attributes}>${escapeMarkup(content)}</text>`;
}

/** A line of the grid, as an SVG path. */
export function gridLine(path: string, dashed = false): string {
  return `<path class="grid" d="${path}"${dashed ? ' stroke-dasharray="4 4"' : ''}/>`;
}

/** A tick's text: four digits at most. */
export function label(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A coordinate: tenths of a pixel are enough. */
export function fix(value: number): string {
  return value.toFixed(1);
}

function escapeMarkup(content: string): string {
  return content.replace(/[&<>"\p{Cc}]/gu, (character) =>
    /\p{Cc}/u.test(character) ? ' ' : `&#${character.charCodeAt(0)};`,
  );
}
