import type { Comparison } from '../../eval/index.ts';
import type { TuneReport } from './types.ts';

/** What a decision rests on. */
export type Compared = Pick<TuneReport, 'dense' | 'denseUnseen' | 'served' | 'servedUnseen' | 'decidedOn'>;

/** Whether a trained encoder is to be deployed. */
export interface Decision {
  readonly better: boolean;
  /** Why not, a sentence. */
  readonly reason?: string;
}

/**
 * Decides on what a collection is searched with: that must have gained significantly, whatever dense retrieval by itself did. And neither may have become significantly worse on queries for documents that were not trained on.
 */
export function decide({ dense, denseUnseen, served, servedUnseen, decidedOn }: Compared): Decision {
  if (!isGain(served)) {
    const verdict = isLoss(served) ? 'a significant loss' : 'no significant gain';
    const alone = isGain(dense) ? ` Dense retrieval by itself gained ${change(dense)}.` : '';
    return {
      better: false,
      reason: `nDCG@10 of searches by ${decidedOn} changed by ${change(served)}, which is ${verdict}.${alone}`,
    };
  }
  for (const [name, unseen] of [
    [`searches by ${decidedOn}`, servedUnseen],
    ['dense retrieval', denseUnseen],
  ] as const) {
    if (unseen === undefined || !isLoss(unseen)) continue;
    return {
      better: false,
      reason: `On queries for documents that were not trained on, nDCG@10 of ${name} changed by ${change(unseen)}: it learned the others by heart.`,
    };
  }
  return { better: true };
}

export function isGain({ significant, difference }: Comparison): boolean {
  return significant && difference > 0;
}

export function isLoss({ significant, difference }: Comparison): boolean {
  return significant && difference < 0;
}

export function change({ difference, p }: Comparison): string {
  return `${difference.toFixed(4)} (p ${p.adjusted < 0.001 ? '< 0.001' : p.adjusted.toFixed(3)})`;
}
