import { describe, expect, it } from 'vitest';
import { specOf } from './index.ts';

describe('the specification that is deployed', () => {
  it('scores the best again by full vectors, unless labels taught another order than theirs', () => {
    expect(specOf({ name: 'OPQ', spec: 'opq,pq8x8' }, true)).toBe('opq,pq8x8,refine:full');
    expect(specOf({ name: 'learned', spec: 'dual,pq8x8' }, false)).toBe('dual,pq8x8');
    expect(specOf({ name: 'labelled', spec: 'dual,pq8x8' }, true)).toBe('dual,pq8x8');
  });
});
