import type { PdfLine } from './pdf-lines.ts';

/** An annotation as PDF.js gives it, as far as it is text. */
interface Annotation {
  readonly subtype?: unknown;
  readonly fieldValue?: unknown;
  readonly fieldName?: unknown;
  readonly alternativeText?: unknown;
  readonly contentsObj?: { readonly str?: unknown };
  readonly hidden?: unknown;
  readonly password?: unknown;
  readonly rect?: readonly number[];
}

/** Values of form fields as `label: value`, and the words of comments, each a line (its y apart from all others). */
export function annotationLines(annotations: readonly unknown[]): PdfLine[] {
  const lines: PdfLine[] = [];
  for (const annotation of annotations as readonly Annotation[]) {
    if (annotation.hidden === true || annotation.password === true) continue;
    const text = (annotation.subtype === 'Widget' ? fieldText(annotation) : textOf(annotation.contentsObj?.str))
      .replace(/\s+/gu, ' ')
      .trim();
    if (text === '') continue;
    const [x = 0, , right = 0] = annotation.rect ?? [];
    lines.push({ text, x, right, y: ANNOTATIONS - lines.length * GAP, size: 0 });
  }
  return lines;
}

/** Below every page, and so far from one another that each is a paragraph. */
const ANNOTATIONS = -1e6;
const GAP = 100;

function fieldText({ fieldValue, alternativeText, fieldName }: Annotation): string {
  const value = (Array.isArray(fieldValue) ? fieldValue : [fieldValue]).map(textOf).filter(Boolean).join(', ');
  // The states of check boxes and buttons are names, not words.
  if (value === '' || value === 'Off' || value === 'Yes' || value === 'On') return '';
  const label =
    textOf(alternativeText) ||
    textOf(fieldName)
      .split('.')
      .at(-1)!
      .replace(/\[\d+\]$/, '');
  return label === '' ? value : `${label}: ${value}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
