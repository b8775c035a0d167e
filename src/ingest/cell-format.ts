/** How a style shows numbers, where that is another text than the number's own. */
export type CellFormat =
  | { readonly is: 'date' }
  /** `12.5%`, with so many decimals. */
  | { readonly is: 'percent'; readonly decimals: number }
  /** Digits in the places of zeros: `01234`, `(030) 123-4567`. */
  | { readonly is: 'mask'; readonly mask: string };

const MASK = /^[-()/. ]*0[-()/ 0]*0[-()/ ]*$/;

/**
 * The format of a number by its number and code (ECMA-376, 18.8.30 and 18.8.31): the built-in ones by number, others by their
 * letters outside of quotes and brackets.
 * @returns undefined for what shows the number as it is, or rounded, or with signs around it.
 */
export function cellFormat(id: number, code: string | undefined): CellFormat | undefined {
  if (code === undefined) {
    if ((id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 58)) return { is: 'date' };
    return id === 9 || id === 10 ? { is: 'percent', decimals: id === 9 ? 0 : 2 } : undefined;
  }
  const bare = code.replace(/"[^"]*"|\[[^\]]*\]|\\./g, '').replace(/general/gi, '');
  if (/[dmyhs]/i.test(bare)) return { is: 'date' };
  const positive = code.split(';', 1)[0]!;
  const percent = /^[#0,]*0(?:\.([0#]+))?%$/.exec(positive.trim());
  if (percent !== null) return { is: 'percent', decimals: percent[1]?.length ?? 0 };
  const mask = positive.replace(/\\(.)/g, '$1').replace(/"([^"]*)"/g, '$1');
  return MASK.test(mask) ? { is: 'mask', mask } : undefined;
}

/** A number as its format shows it; undefined where that does not apply to it. Dates are not written here. */
export function formatted(number: number, format: CellFormat | undefined): string | undefined {
  if (format?.is === 'percent') return `${(100 * number).toFixed(Math.min(format.decimals, 10))}%`;
  if (format?.is !== 'mask' || !Number.isSafeInteger(number) || number < 0) return undefined;
  const places = format.mask.split('0').length - 1;
  const digits = String(number).padStart(places, '0');
  let next = digits.length - places;
  // What does not fit stands before the first place.
  return format.mask.replace(/0/g, (_, at: number) => {
    const from = at === format.mask.indexOf('0') ? 0 : next;
    return digits.slice(from, ++next);
  });
}
