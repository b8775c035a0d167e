/** Checksums as they were, or such that match what was changed. */
export type Checksums = 'old' | 'forged';

/** Every second change comes with checksums that match. */
export function checksumsOf(at: number): Checksums {
  return at % 2 === 0 ? 'old' : 'forged';
}

/** What the process that makes changes says of number `at`: what it begins with, what should not be, and how it went. */
export type MutationLine =
  | { readonly at: number; readonly what: string }
  | { readonly at: number; readonly wrong: string; readonly kind: 'silent' | 'unclear' | 'unnoticed' }
  | { readonly at: number; readonly outcome: 'refused' | 'unharmed' | 'nothing' };
