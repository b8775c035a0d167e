/** How positions beyond those that an encoder reads come from its own, without training. */
export type Positions = 'grouped' | 'recurrent' | 'interpolated';

/** What {@link longPositions} is given. */
export interface PositionTable {
  /** `[count, width]`, of which the first `reads` rows are used. */
  readonly rows: Float32Array;
  readonly width: number;
  /** Most tokens that the encoder reads by itself. */
  readonly reads: number;
  /** Most tokens that it is to read; at least as many. */
  readonly window: number;
}

/**
 * Rows of positions for a longer window, `[window, width]`, from a table of learned ones (Zhu et al. 2024, LongEmbed, arXiv 2404.12096, section 3). With
 * `scale = ceil(window / reads)`, token `i` stands at
 *
 * - `grouped`: `floor(i / scale)`, the place of its group;
 * - `recurrent`: `i mod reads`, once more from the beginning;
 * - `interpolated`: `i / scale`, on the line between two rows. Beyond the last row it is the last.
 */
export function longPositions(how: Positions, { rows, width, reads, window }: PositionTable): Float32Array {
  const scale = Math.ceil(window / reads);
  const result = new Float32Array(window * width);
  for (let i = 0; i < window; i++) {
    const place = how === 'recurrent' ? i % reads : i / scale;
    const low = Math.floor(place);
    const share = how === 'interpolated' ? place - low : 0;
    const high = Math.min(low + 1, reads - 1);
    for (let c = 0; c < width; c++) {
      result[i * width + c] = (1 - share) * rows[low * width + c]! + share * rows[high * width + c]!;
    }
  }
  return result;
}
