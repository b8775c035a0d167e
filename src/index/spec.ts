import type { InvalidArgumentError } from '../base/errors.ts';
import { codecParts, fdeSyntax } from '../codec/index.ts';
import {
  type Expression,
  formatPart,
  itemsOf,
  type PartSyntax,
  parseExpression,
  readPart,
  type SpecPart,
  SpecText,
} from '../spec/index.ts';

/**
 * A parsed index specification: what happens to a vector on its way into the index, in order.
 *
 * ```
 * spec       = [ sets "," ] part { "," part }   case and blanks do not matter
 * sets       = "fde" [ "(" settings ")" ]       for sets of vectors: see FixedDimensionalEncoding
 * part       = transform | lists | quantizer | "refine:" ( quantizer | "full" )
 * transform  = "norm" | "center" | "pca" d | "rot" | "opq" | "dual"
 * lists      = "flat" | "ivf" n [ "(" settings ")" ]
 * quantizer  = code { "+" code }
 * code       = ( "pq" | "apq" ) m "x" ( "4" | "8" ) | "sq8" | "sq4" | "f16" | "bin" bits | "rabitq" bits
 *            | "rbin" m "x" levels
 * settings   = name "=" number { "," name "=" number }
 * ```
 *
 * `registerCodecPart` adds transforms and codes. Transforms come first, then the lists (`flat`, one list, may be left out), then exactly one quantizer, then, if wanted, what
 * candidates are scored again with. Codes joined by `+` code what those before them leave over.
 */
export interface IndexSpec {
  /** `fde(...)`: what makes one vector of a set; undefined for an index of vectors. */
  readonly sets: SpecPart | undefined;
  readonly transforms: readonly SpecPart[];
  /** `ivf<n>`; undefined for a flat index. */
  readonly lists: SpecPart | undefined;
  /** One code, or several that code each other's residuals. */
  readonly quantizer: readonly SpecPart[];
  /** A second code of the whole vectors, or the vectors themselves. */
  readonly refine: readonly SpecPart[] | 'full' | undefined;
}

/** Parts that only indexes have. */
const LISTS: readonly PartSyntax[] = [
  { name: 'flat', example: 'flat' },
  {
    name: 'ivf',
    example: 'ivf1024',
    numbers: /^([1-9][0-9]{0,8})$/,
    meaning: 'the number of lists',
    settings: {
      /** Whether codes are of what is left of a vector after its list's centroid is subtracted. */
      residual: { kind: 'number', default: 1, least: 0, most: 1, isWhole: true },
      /** Whether every vector is also kept in a second list. */
      spill: { kind: 'number', default: 0, least: 0, most: 1, isWhole: true },
    },
  },
];
const own = new Map([...LISTS, fdeSyntax].map((syntax) => [syntax.name, syntax]));

/** Every part there is now. */
const known = (): ReadonlyMap<string, PartSyntax> => new Map<string, PartSyntax>([...own, ...codecParts]);

type Role = 'sets' | 'transform' | 'lists' | 'quantizer';

function roleOf({ name }: SpecPart): Role {
  if (name === fdeSyntax.name) return 'sets';
  return own.has(name) ? 'lists' : codecParts.get(name)!.role;
}

/**
 * Parses an index specification; see {@link IndexSpec} for the grammar.
 *
 * @throws InvalidArgumentError that shows where the mistake is and the nearest valid word.
 */
export function parseSpec(source: string): IndexSpec {
  return new Reader(source).read();
}

/** The canonical form: lower case, no blanks, no defaults. Parses to an equal specification. */
export function formatSpec({ sets, transforms, lists, quantizer, refine }: IndexSpec): string {
  const single = [sets, ...transforms, lists].filter((part) => part !== undefined);
  const parts = [...single.map(formatPart), formatCode(quantizer)];
  if (refine !== undefined) parts.push(`refine:${refine === 'full' ? 'full' : formatCode(refine)}`);
  return parts.join(',');
}

/** A quantizer in canonical form: `pq16x8+pq16x8`. */
export function formatCode(levels: readonly SpecPart[]): string {
  return levels.map(formatPart).join('+');
}

/** The value of a setting, or its default. */
export function setting(part: SpecPart, name: string): number {
  return part.settings[name] ?? Number(known().get(part.name)?.settings?.[name]?.default ?? 0);
}

/** What was read of the parts before one. */
interface Placed {
  readonly part: SpecPart;
  readonly item: Expression;
}

class Reader {
  readonly #text: SpecText;
  readonly #parts = known();

  constructor(source: string) {
    this.#text = new SpecText(source, 'Index specification', 'ivf1024,pq32x4,refine:full');
  }

  read(): IndexSpec {
    const transforms: SpecPart[] = [];
    let sets: SpecPart | undefined;
    let lists: Placed | undefined;
    let quantizer: { levels: SpecPart[]; item: Expression } | undefined;
    let refine: SpecPart[] | 'full' | undefined;
    const items = itemsOf(parseExpression(this.#text), 'list');
    for (const [i, item] of items.entries()) {
      if (refine !== undefined) throw this.#error(item, 'Something follows `refine`.', 'Put `refine` last.');
      if (item.kind === 'labelled') {
        const { label } = item;
        if (label.word.toLowerCase() !== 'refine') throw this.#text.unknown(label, 'label', label.word, ['refine']);
        if (quantizer === undefined) {
          throw this.#error(
            item,
            'There is nothing to refine yet.',
            'Name the first code before it: `sq8,refine:full`.',
          );
        }
        refine = this.#refine(item.item);
        continue;
      }
      const levels = this.#levels(item, ['refine:full']);
      const part = levels[0]!;
      const role = roleOf(part);
      const said = this.#said(item);
      if (quantizer !== undefined) {
        const remedy =
          role === 'quantizer'
            ? `Keep one of them, or write \`refine:${said}\` to score candidates again.`
            : `Put \`${said}\` before \`${this.#said(quantizer.item)}\`.`;
        throw this.#error(item, `\`${said}\` follows the code \`${this.#said(quantizer.item)}\`.`, remedy);
      }
      if (role === 'quantizer') quantizer = { levels, item };
      else if (role === 'sets') {
        if (i > 0) throw this.#error(item, `\`${said}\` makes vectors of sets.`, 'Put it first.');
        sets = part;
      } else if (lists !== undefined) {
        const before = this.#said(lists.item);
        const remedy =
          role === 'lists' ? 'Keep one of them.' : `Put \`${said}\` before \`${before}\`; it rotates whole vectors.`;
        throw this.#error(item, `\`${said}\` follows \`${before}\`.`, remedy);
      } else if (role === 'lists') lists = { part, item };
      else transforms.push(part);
    }
    if (quantizer === undefined) {
      const end = this.#text.source.length;
      const codes = [...codecParts.values()].filter(({ role }) => role === 'quantizer').map(({ example }) => example);
      throw this.#error(
        { at: end, end },
        'The specification does not say how vectors are coded.',
        `End it with one of ${codes.join(', ')}.`,
      );
    }
    return {
      sets,
      transforms,
      lists: lists === undefined || lists.part.name === 'flat' ? undefined : lists.part,
      quantizer: quantizer.levels,
      refine,
    };
  }

  #refine(item: Expression): SpecPart[] | 'full' {
    if (this.#said(item).toLowerCase() === 'full') return 'full';
    const levels = this.#levels(item, ['full']);
    if (roleOf(levels[0]!) !== 'quantizer') {
      throw this.#error(item, `\`${this.#said(item)}\` is not a code.`, 'Write `refine:full` or, say, `refine:sq8`.');
    }
    return levels;
  }

  /** A part, or codes joined by `+`. */
  #levels(item: Expression, also: readonly string[]): SpecPart[] {
    const pieces = itemsOf(item, 'sum');
    return pieces.map((piece) => {
      const part = readPart(this.#text, piece, this.#parts, also);
      if (pieces.length > 1 && roleOf(part) !== 'quantizer') {
        throw this.#error(
          piece,
          `\`${this.#said(piece)}\` is not a code.`,
          'Join only codes with `+`, parts with commas.',
        );
      }
      return part;
    });
  }

  #said({ at, end }: Expression): string {
    return this.#text.source.slice(at, end);
  }

  #error(span: { readonly at: number; readonly end: number }, problem: string, remedy: string): InvalidArgumentError {
    return this.#text.error(span, problem, remedy);
  }
}
