/** Named characters (`\(em`, `\[bu]`) that occur in manuals; unknown ones are left out. */
const CHARACTERS: Readonly<Record<string, string>> = {
  em: '—',
  en: '–',
  hy: '-',
  mi: '-',
  '-': '-',
  bu: '•',
  sq: '□',
  lq: '“',
  rq: '”',
  oq: '‘',
  cq: '’',
  aq: "'",
  dq: '"',
  Fo: '«',
  Fc: '»',
  fo: '‹',
  fc: '›',
  bv: '|',
  ba: '|',
  br: '|',
  ul: '_',
  rs: '\\',
  sl: '/',
  ti: '~',
  ha: '^',
  ga: '`',
  aa: '´',
  at: '@',
  sh: '#',
  Do: '$',
  co: '©',
  rg: '®',
  tm: '™',
  de: '°',
  mu: '×',
  di: '÷',
  '+-': '±',
  '<=': '≤',
  '>=': '≥',
  '!=': '≠',
  '==': '≡',
  '->': '→',
  '<-': '←',
  '<>': '↔',
  ua: '↑',
  da: '↓',
  if: '∞',
  sc: '§',
  ps: '¶',
  lB: '[',
  rB: ']',
  lC: '{',
  rC: '}',
  la: '⟨',
  ra: '⟩',
  fm: '′',
  sd: '″',
  ss: 'ß',
  ae: 'æ',
  AE: 'Æ',
  oe: 'œ',
  OE: 'Œ',
  '/o': 'ø',
  '/O': 'Ø',
  oa: 'å',
  oA: 'Å',
  '12': '½',
  '14': '¼',
  '34': '¾',
  '*a': 'α',
  '*b': 'β',
  '*m': 'μ',
  '*p': 'π',
  Eu: '€',
  eu: '€',
  Po: '£',
  Ye: '¥',
  ct: '¢',
  r1: '¹',
  r2: '²',
  r3: '³',
  CR: '↵',
  OK: '✓',
  eq: '=',
  pl: '+',
};
const ACCENTS: Readonly<Record<string, string>> = {
  "'": '\u0301',
  '`': '\u0300',
  '^': '\u0302',
  ':': '\u0308',
  '~': '\u0303',
  ',': '\u0327',
  o: '\u030A',
  v: '\u030C',
  a: '\u030C',
};

const ESCAPE =
  /\\(?:"[\s\S]*|\((..)|\[([^\]\n]*)\]|\*(?:\((..)|\[([^\]\n]*)\]|(.))|[fFmM](?:\(..|\[[^\]\n]*\]|.)|[gkn](?:[-+]?\(..|[-+]?\[[^\]\n]*\]|[-+]?.)|s(?:[-+]?\(..|[-+]?\[[^\]\n]*\]|'[^']*'|[-+]?\d{1,2})|[hvwlLDbxXZoCN]'([^']*)'|[hvwlLDbxXZoCN]"[^"]*"|([\s\S])|$)/g;

/** The text of a line of roff: characters for their escapes, without fonts, sizes and motions. */
export function unescapeRoff(line: string, strings: ReadonlyMap<string, string>): string {
  if (!line.includes('\\')) return line;
  return line.replace(ESCAPE, (whole, two, long, star2, starLong, star1, quoted, single) => {
    const name: string | undefined = two ?? long;
    if (name !== undefined) return character(name);
    const string: string | undefined = star2 ?? starLong ?? star1;
    if (string !== undefined) return strings.get(string) ?? '';
    if (quoted !== undefined)
      return whole[1] === 'C' ? character(quoted) : whole[1] === 'o' || whole[1] === 'Z' ? quoted : '';
    switch (single) {
      case undefined:
      case '&':
      case ')':
      case '|':
      case '^':
      case '%':
      case ':':
      case '/':
      case ',':
      case 'c':
      case 'p':
      case 'd':
      case 'u':
      case 'r':
      case 'z':
      case '{':
      case '}':
        return '';
      case ' ':
      case '~':
      case '0':
      case 't':
        return ' ';
      case 'e':
      case '\\':
      case 'E':
        return '\\';
      default:
        return single as string;
    }
  });
}

function character(name: string): string {
  const known = Object.hasOwn(CHARACTERS, name) ? CHARACTERS[name] : undefined;
  if (known !== undefined) return known;
  const unicode = /^u([0-9A-Fa-f]{4,6})(?:_([0-9A-Fa-f]{4,6}))?$/.exec(name);
  if (unicode !== null) {
    const points = [unicode[1], unicode[2]].filter((hex) => hex !== undefined).map((hex) => Number.parseInt(hex, 16));
    return points.every((point) => point <= 0x10ffff && (point < 0xd800 || point > 0xdfff))
      ? String.fromCodePoint(...points)
      : '';
  }
  const accented = /^(['`^:~,ova])([A-Za-z])$/.exec(name);
  return accented === null ? '' : `${accented[2]}${ACCENTS[accented[1]!]}`.normalize('NFC');
}
