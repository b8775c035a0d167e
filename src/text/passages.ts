import { InvalidArgumentError, invariant } from '../base/errors.ts';
import type { Block } from './blocks.ts';
import { splitsPair } from './characters.ts';
import { type Section, sectionTree } from './sections.ts';
import { lineStarts, sentenceStarts } from './sentences.ts';
import { isBlank, TokenCounter } from './token-count.ts';

/** A stretch of a document that is indexed, found and shown as one. Offsets are UTF-16 code units into its text. */
export interface Passage {
  readonly start: number;
  readonly end: number;
  /** Titles of the sections that hold all of it, outermost first; names of definitions in source code. */
  readonly headings: readonly string[];
  /** Page on which it starts, from 1. */
  readonly page?: number;
  /** Estimated tokens (`countTokens`), at least 1, at most `maxTokens`. */
  readonly tokens: number;
}

export interface PassageOptions {
  /** Most tokens of a passage, at least 8. Default 200: about what sentence encoders were trained on. */
  readonly maxTokens?: number;
  /**
   * Tokens that a passage repeats from the one before it in the same section, so that what a cut separates is still found
   * together; at most half of `maxTokens`. Default 30. Code and tables never overlap.
   */
  readonly overlap?: number;
  /** Neighbouring sections below this many tokens are merged. Default a quarter of `maxTokens`; 0 merges nothing. */
  readonly minTokens?: number;
}

/**
 * Cuts a document into passages along its structure.
 *
 * - A section that fits, subsections included, is one passage. Otherwise its own text is packed, block by block, and its
 *   subsections are treated likewise; so no passage crosses a heading of the level that it starts in, or a higher one.
 * - One exception: neighbouring subsections of one section, each uncut, are merged while one of them is below `minTokens`
 *   and together they fit. `headings` then ends with the section that holds them all.
 * - A heading belongs to the passage that follows it.
 * - A block that does not fit is cut at sentences (prose) or lines (code, tables, definitions); what still does not fit at
 *   words, and a word at any character, but never inside a surrogate pair. Passages of one section are about equally long.
 *
 * Every visible character of every block is in at least one passage; passages are in ascending order of start and end.
 * Time is linear in the text, up to a logarithm.
 *
 * @param blocks disjoint, ascending.
 */
export function splitPassages(text: string, blocks: readonly Block[], options: PassageOptions = {}): Passage[] {
  const { places, counter } = passagesIn(text, blocks, options);
  return places.map((place) => ({ ...place, tokens: Math.max(1, counter().count(place.start, place.end)) }));
}

/** The same, for who does not ask for their tokens, which need not be counted where the text is short. */
export function passagePlaces(
  text: string,
  blocks: readonly Block[],
  options: PassageOptions = {},
): Omit<Passage, 'tokens'>[] {
  return passagesIn(text, blocks, options).places;
}

function passagesIn(text: string, blocks: readonly Block[], options: PassageOptions) {
  const { maxTokens = 200, overlap = Math.min(30, maxTokens >> 1), minTokens = maxTokens >> 2 } = options;
  if (!(maxTokens >= 8)) {
    throw new InvalidArgumentError(
      `Passages of at most ${maxTokens} tokens are too short.`,
      'Set maxTokens to 8 or more.',
    );
  }
  if (!(overlap >= 0 && overlap <= maxTokens / 2)) {
    throw new InvalidArgumentError(
      `An overlap of ${overlap} tokens does not suit passages of ${maxTokens}.`,
      `Set overlap to between 0 and ${maxTokens >> 1}.`,
    );
  }
  blocks.forEach((block, i) => {
    const previous = blocks[i - 1]?.end ?? 0;
    invariant(previous <= block.start && block.start <= block.end && block.end <= text.length, 'blocks out of order');
  });
  const packer = new Packer(text, maxTokens, overlap, minTokens);
  const places = packer.section(sectionTree(text, blocks)).map(({ start, end, path, page }) => ({
    start,
    end,
    headings: path,
    ...(page === undefined ? {} : { page }),
  }));
  return { places, counter: () => packer.counter };
}

/** A passage in the making. */
interface Unit {
  start: number;
  end: number;
  path: readonly string[];
  page: number | undefined;
  /** Holds one or more sections from their beginning to their end, so that it may be merged. */
  whole: boolean;
}

/** The smallest thing that packing moves: a block, or a piece of one that does not fit. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly block: Block;
}

class Packer {
  #counter: TokenCounter | undefined;

  constructor(
    readonly text: string,
    readonly maxTokens: number,
    readonly overlap: number,
    readonly minTokens: number,
  ) {}

  get counter(): TokenCounter {
    this.#counter ??= new TokenCounter(this.text);
    return this.#counter;
  }

  section(section: Section): Unit[] {
    const whole = extent(section);
    if (whole === undefined) return [];
    // A token has a character at least.
    const fits = whole.end - whole.start <= this.maxTokens;
    if (fits || this.counter.count(whole.start, whole.end) <= this.maxTokens) {
      const path = section.children.length === 1 && section.own.length === 0 ? section.children[0]!.path : section.path;
      return [{ ...whole, path, whole: true }];
    }
    const units = this.#pack(section.own, section.path);
    // An introduction that is all in one passage may be merged with the first subsections.
    if (units.length === 1) units[0]!.whole = true;
    for (const child of section.children) units.push(...this.section(child));
    const merged = this.#merge(units);
    // Parts of a section that was cut are not merged with its neighbours.
    if (merged.length > 1) for (const unit of merged) unit.whole = false;
    return merged;
  }

  /** Merges neighbours under a common parent: tiny ones with each other first, then what is left of them with larger. */
  #merge(units: Unit[]): Unit[] {
    const tiny = this.#mergeWhere(units, (a, b) => this.#isTiny(a) && this.#isTiny(b));
    return this.#mergeWhere(tiny, (a, b) => this.#isTiny(a) || this.#isTiny(b));
  }

  #mergeWhere(units: Unit[], wanted: (a: Unit, b: Unit) => boolean): Unit[] {
    const merged: Unit[] = [];
    for (const unit of units) {
      const last = merged.at(-1);
      const allowed = last?.whole === true && unit.whole && wanted(last, unit);
      if (allowed && this.counter.count(last.start, unit.end) <= this.maxTokens) {
        last.end = unit.end;
        last.path = commonPath(last.path, unit.path);
      } else merged.push(unit);
    }
    return merged;
  }

  #isTiny(unit: Unit): boolean {
    return this.counter.count(unit.start, unit.end) < this.minTokens;
  }

  /** Packs the blocks of one section into passages of about equal length. */
  #pack(blocks: readonly Block[], path: readonly string[]): Unit[] {
    // What follows a heading must leave room for it.
    let lead = 0;
    const pieces = blocks.flatMap((block) => {
      const found = this.#pieces(block, lead);
      lead = block.kind === 'heading' ? lead + this.counter.count(block.start, block.end) : 0;
      return found;
    });
    if (pieces.length === 0) return [];
    const end = pieces.at(-1)!.end;
    const units: Unit[] = [];
    for (let i = 0; i < pieces.length; ) {
      const first = pieces[i]!;
      const start = units.length === 0 ? first.start : this.#overlapStart(units.at(-1)!, pieces[i - 1]!, first);
      const room = units.length === 0 ? this.maxTokens : this.maxTokens - this.overlap;
      const rest = this.counter.count(first.start, end);
      const target = rest / Math.ceil(rest / room);
      let j = i + 1;
      while (j < pieces.length) {
        const now = this.counter.count(first.start, pieces[j - 1]!.end);
        const then = this.counter.count(first.start, pieces[j]!.end);
        const heading = pieces[j - 1]!.block.kind === 'heading';
        if (then > room) break;
        // Stop where that comes closer to the target; a heading is never left behind at the end.
        if (!heading && then > target && then - target > target - now) break;
        j++;
      }
      // A heading at the end would be cut off from its text.
      if (j < pieces.length && j - 1 > i && pieces[j - 1]!.block.kind === 'heading') j--;
      const last = pieces[j - 1]!;
      units.push({
        start: this.#fit(start, first.start, last.end),
        end: last.end,
        path,
        page: first.block.page,
        whole: false,
      });
      i = j;
    }
    return units;
  }

  /** Where the passage that follows `previous` and whose new text begins with `first` starts. */
  #overlapStart(previous: Unit, last: Piece, first: Piece): number {
    if (this.overlap === 0 || isRigid(last.block) || isRigid(first.block) || last.block.kind === 'heading')
      return first.start;
    const tokens = Math.min(this.overlap, this.counter.count(previous.start, previous.end) >> 1);
    const earliest = this.counter.retreat(Math.max(previous.start, last.block.start), first.start, tokens);
    if (earliest >= first.start) return first.start;
    // Rather a whole sentence than a longer fragment, unless the sentence is too short to say anything.
    const sentence = sentenceStarts(this.text, earliest, first.start).find((place) => place > earliest);
    const enough = sentence !== undefined && this.counter.count(sentence, first.start) * 3 >= this.overlap;
    return this.#visible(enough ? sentence : earliest, first.start);
  }

  /** Gives up overlap that would break the budget. */
  #fit(start: number, fresh: number, end: number): number {
    if (this.counter.count(start, end) <= this.maxTokens) return start;
    const place = this.counter.retreat(start, end, this.maxTokens);
    return this.#visible(Math.min(place, fresh), fresh);
  }

  /** The first visible character from `place` on, before `end`. */
  #visible(place: number, end: number): number {
    let start = splitsPair(this.text, place) ? place + 1 : place;
    while (start < end && isBlank(this.text.charCodeAt(start))) start++;
    return start;
  }

  /** A block that fits, or pieces of it that do, without blank edges. */
  #pieces(block: Block, lead: number): Piece[] {
    const most = Math.max(this.maxTokens >> 1, this.maxTokens - lead);
    if (this.counter.count(block.start, block.end) <= most) {
      return [{ start: block.start, end: block.end, block }];
    }
    const starts = isRigid(block)
      ? lineStarts(this.text, block.start, block.end)
      : sentenceStarts(this.text, block.start, block.end);
    const pieces: Piece[] = [];
    const push = (from: number, to: number): void => {
      let start = from;
      let end = to;
      while (start < end && isBlank(this.text.charCodeAt(start))) start++;
      while (end > start && isBlank(this.text.charCodeAt(end - 1))) end--;
      if (start < end) pieces.push({ start, end, block });
    };
    // Pieces of sentences leave room for the overlap.
    const room = isRigid(block) ? most : Math.min(most, this.maxTokens - this.overlap);
    starts.forEach((start, i) => {
      const end = starts[i + 1] ?? block.end;
      for (let from = start; from < end; ) {
        let to = this.counter.count(from, end) <= room ? end : this.counter.advance(from, end, room);
        if (to < end && splitsPair(this.text, to)) to++;
        push(from, to);
        from = to;
      }
    });
    return pieces;
  }
}

/** Whether a block is cut at lines and never repeated. */
function isRigid({ kind }: Block): boolean {
  return kind === 'code' || kind === 'table' || kind === 'definition';
}

function extent(section: Section): { start: number; end: number; page: number | undefined } | undefined {
  const first = firstBlock(section);
  const last = lastBlock(section);
  return first && last ? { start: first.start, end: last.end, page: first.page } : undefined;
}

function firstBlock(section: Section): Block | undefined {
  return section.own[0] ?? (section.children[0] && firstBlock(section.children[0]));
}

function lastBlock(section: Section): Block | undefined {
  const child = section.children.at(-1);
  return child ? lastBlock(child) : section.own.at(-1);
}

function commonPath(a: readonly string[], b: readonly string[]): readonly string[] {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
