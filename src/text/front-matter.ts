import { onDemand } from './on-demand.ts';

/** What stands before the text of a document. */
export interface FrontMatter {
  /** Present where there is front matter, even an empty one. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Where the document begins behind it. */
  readonly end: number;
  /** It was not sound, and was read line by line. */
  readonly repaired?: true;
}

const yaml = onDemand('yaml', async () => await import('yaml'), 'loadMarkdown()');
const toml = onDemand('smol-toml', async () => await import('smol-toml'), 'loadMarkdown()');

/** Loads the parsers; see `loadMarkdown`. */
export async function loadFrontMatter(): Promise<void> {
  await Promise.all([yaml.preload(), toml.preload()]);
}

const OPENING = /^\ufeff?(---|\+\+\+)[ \t]*(?:\r\n|\r|\n)/;
const LONGEST = 100_000;

/**
 * The front matter at the very beginning of a text: YAML between `---` lines, or TOML between `+++` lines. What is almost
 * right (a colon in a title, a tab, a key twice) is read line by line, if it is lines of keys and values at all; a
 * document may also begin with a rule.
 */
export function frontMatter(text: string): FrontMatter {
  const opening = OPENING.exec(text);
  if (opening === null) return { end: 0 };
  const isToml = opening[1] === '+++';
  const closing = isToml ? /^\+\+\+[ \t]*(?:\r\n|\r|\n|$)/gm : /^(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n|$)/gm;
  const start = opening[0].length;
  const head = text.slice(0, start + LONGEST);
  closing.lastIndex = start;
  const close = closing.exec(head);
  if (close === null) return { end: 0 };
  const source = head.slice(start, close.index);
  const end = close.index + close[0].length;
  const parsed = isToml ? parseToml(source) : parseYaml(source);
  if (parsed !== undefined) return { fields: parsed, end };
  const fields = readLines(source, isToml);
  return fields === undefined ? { end: 0 } : { fields, end, repaired: true };
}

function parseYaml(source: string): Record<string, unknown> | undefined {
  try {
    const fields: unknown = yaml.get().parse(source, { maxAliasCount: 50, logLevel: 'error', uniqueKeys: false });
    // Nothing but comments may as well be headings between two rules.
    if (fields === null) return source.trim() === '' ? {} : undefined;
    return typeof fields === 'object' && !Array.isArray(fields) ? (fields as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function parseToml(source: string): Record<string, unknown> | undefined {
  try {
    return toml.get().parse(source.replace(/\r\n?/g, '\n'));
  } catch {
    return undefined;
  }
}

/** Keys with their lines; undefined when a line is neither a key nor goes on with one. */
function readLines(source: string, isToml: boolean): Record<string, unknown> | undefined {
  const key = isToml ? /^([\w.-]+|"[^"]*")[ \t]*=[ \t]*(.*)$/ : /^([^\s:#][^:]{0,100}?|"[^"]*")[ \t]*:(?:[ \t]+(.*))?$/;
  const groups: { name: string; value: string; lines: string[] }[] = [];
  for (const line of source.split(/\r\n|\r|\n/)) {
    if (line.trim() === '' || line.startsWith('#') || (isToml && line.startsWith('['))) continue;
    const match = key.exec(line);
    const current = groups.at(-1);
    if (match !== null) {
      groups.push({ name: match[1]!.replace(/^"(.*)"$/, '$1'), value: match[2] ?? '', lines: [line] });
    } else if (current !== undefined && /^(?:[ \t]|-[ \t]|\]|\})/.test(line)) current.lines.push(line);
    else return undefined;
  }
  if (groups.length === 0) return undefined;
  const entries = groups.map(({ name, value, lines }): [string, unknown] => {
    const whole = (isToml ? parseToml : parseYaml)(lines.join('\n'));
    const [only] = Object.values(whole ?? {});
    return [name, whole === undefined ? plainValue([value, ...lines.slice(1)]) : only];
  });
  return Object.fromEntries(entries);
}

/** A value that is no sound YAML: lists in brackets or by dashes, else text without its quotation marks. */
function plainValue(lines: readonly string[]): unknown {
  const items = lines.slice(1).map((line) => line.trim());
  if (lines[0]!.trim() === '' && items.length > 0 && items.every((item) => item.startsWith('- '))) {
    return items.map((item) => unquoted(item.slice(2)));
  }
  const text = [lines[0]!, ...items].join(' ').trim();
  if (/^\[.*\]$/.test(text)) {
    return text.slice(1, -1).split(',').map(unquoted).filter(Boolean);
  }
  return unquoted(text);
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^(["']).*\1$/.test(trimmed) && trimmed.length > 1 ? trimmed.slice(1, -1) : trimmed;
}
