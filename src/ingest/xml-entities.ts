import { character, parseHtml } from './html-tokens.ts';

/** Most characters that one entity stands for, entities within entities, and characters that all of them add to a document. */
const LONGEST = 10_000;
const DEEPEST = 8;
const MOST_ADDED = 1_000_000;
/** Where a document declares its entities. */
const HEAD = 200_000;
const DECLARATION = /<!ENTITY\s+([\w.:-]+)\s+(?:"([^"]*)"|'([^']*)')\s*>/g;
const NAMED = /&([A-Za-z_][\w.:-]*);/g;
/** The parser's own. */
const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Puts in what a document's own entities stand for (`&product;`), and those of HTML (`&eacute;`), which document types declare,
 * too. Nothing is fetched; what expands beyond bounds, and what is not known, stays as it is written.
 */
export async function expandEntities(xml: string): Promise<string> {
  const declared = new Map<string, string>();
  if (/<!DOCTYPE/i.test(xml.slice(0, HEAD))) {
    for (const [, name, double, single] of xml.slice(0, HEAD).matchAll(DECLARATION)) {
      if (!declared.has(name!)) declared.set(name!, (double ?? single)!);
    }
  }
  const known = new Map<string, string | undefined>();
  const meaning = async (name: string, depth: number): Promise<string | undefined> => {
    if (Object.hasOwn(PREDEFINED, name)) return undefined;
    if (known.has(name)) return known.get(name);
    // One that stands for itself stays.
    known.set(name, undefined);
    const value = declared.get(name);
    const found =
      value === undefined
        ? await meaningOfEntity(`&${name};`)
        : depth > DEEPEST
          ? undefined
          : await expand(value, depth + 1, LONGEST);
    known.set(name, found);
    return found;
  };
  const expand = async (text: string, depth: number, most: number): Promise<string | undefined> => {
    const parts: string[] = [];
    let at = 0;
    let length = text.length;
    for (const match of text.matchAll(NAMED)) {
      const found = await meaning(match[1]!, depth);
      if (found === undefined) continue;
      length += found.length;
      if (length > most) return undefined;
      parts.push(text.slice(at, match.index), found);
      at = match.index + match[0].length;
    }
    return at === 0 ? text : parts.join('') + text.slice(at);
  };
  return (await expand(xml, 0, xml.length + MOST_ADDED)) ?? xml;
}

/** Letters for the numbers that XML writes them by (`&#233;`), and for its five names. */
export function decodeReferences(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (written, hex, decimal, name) => {
    if (name !== undefined) return PREDEFINED[String(name).toLowerCase()]!;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point >= 0x20 && point < 0x110000 ? character(point) : written;
  });
}

/** What a reference stands for in HTML (`&eacute;`, `&#233;`); undefined where it stands for nothing. */
export async function meaningOfEntity(reference: string): Promise<string | undefined> {
  let text = '';
  const nothing = (): void => {};
  await parseHtml(reference, {
    open: nothing,
    close: nothing,
    empty: nothing,
    text(piece) {
      text += piece;
    },
  });
  return text === reference ? undefined : text;
}
