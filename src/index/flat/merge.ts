import { BitSet } from '../../base/bits.ts';
import { InvalidArgumentError } from '../../base/errors.ts';
import type { SectionSink, SectionSource } from '../../base/sections.ts';
import { FlatHeader, Section } from './format.ts';

/** A flat index to be merged. */
export interface MergePart {
  readonly header: FlatHeader;
  readonly source: SectionSource;
  /** Items that have a vector. */
  readonly present: BitSet;
  /** Items that are kept. */
  readonly live: BitSet;
}

const BUFFER_BYTES = 1 << 20;

/** Writes the flat index of the parts' live items, in order. Rows are copied through a buffer of about 1 MiB. */
export function mergeFlat(parts: readonly MergePart[], sink: SectionSink): void {
  const dim = commonDim(parts);
  const present = new BitSet(parts.reduce((sum, { header }) => sum + header.items, 0));
  let items = 0;
  let rows = 0;
  const keptRows = parts.map((part) => {
    const kept = new BitSet(part.header.rows);
    for (let item = 0, row = 0; item < part.header.items; item++) {
      const hasRow = part.present.has(item);
      if (part.live.has(item)) {
        if (hasRow) {
          present.add(items);
          kept.add(row);
          rows++;
        }
        items++;
      }
      if (hasRow) row++;
    }
    return kept;
  });

  const header = new FlatHeader(dim, items, rows);
  header.begin(sink, Section.header);
  sink.write(header.encode());
  header.begin(sink, Section.present);
  sink.write(present.bytes.subarray(0, header.size(Section.present)));
  const rowSections = [
    [Section.scales, 4],
    [Section.codes, dim],
    [Section.vectors, 4 * dim],
  ] as const;
  for (const [name, rowBytes] of rowSections) {
    header.begin(sink, name);
    parts.forEach(({ source }, i) => {
      copyRows(source, name, rowBytes, keptRows[i]!, sink);
    });
  }
}

function commonDim(parts: readonly MergePart[]): number {
  const dims = [...new Set(parts.map(({ header }) => header.dim))];
  if (dims.length !== 1) {
    throw new InvalidArgumentError(
      dims.length === 0 ? 'There is nothing to merge.' : `Vectors of ${dims.join(' and ')} components do not mix.`,
      'Pass one or more indexes, all of one dimension.',
    );
  }
  return dims[0]!;
}

/** Reads stretches of rows, from the first kept one to the last, and closes the gaps in place. */
function copyRows(source: SectionSource, name: string, rowBytes: number, kept: BitSet, sink: SectionSink): void {
  const most = Math.max(1, Math.floor(BUFFER_BYTES / rowBytes));
  const buffer = new Uint8Array(Math.min(most, kept.size) * rowBytes);
  for (let block = 0; block < kept.size; block += most) {
    let first = block;
    let end = Math.min(block + most, kept.size);
    while (first < end && !kept.has(first)) first++;
    while (end > first && !kept.has(end - 1)) end--;
    if (first === end) continue;
    source.readInto(name, buffer.subarray(0, (end - first) * rowBytes), first * rowBytes);
    let used = 0;
    for (let row = first; row < end; row++) {
      if (!kept.has(row)) continue;
      const from = (row - first) * rowBytes;
      if (from !== used) buffer.copyWithin(used, from, from + rowBytes);
      used += rowBytes;
    }
    sink.write(buffer.subarray(0, used));
  }
}
