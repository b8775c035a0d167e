import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../base/errors.ts';
import { openEncoder } from './registry.ts';
import { testEncoder } from './testing.ts';

describe('openEncoder', () => {
  it('opens what an id names', async () => {
    expect((await openEncoder('use-lite')).id).toBe('use-lite');
    for (const options of [{ dim: 64 }, { dim: 7, seed: 3 }, { dim: 7, seed: -3 }, { dim: 7, window: 9 }]) {
      const encoder = testEncoder(options);
      const opened = await openEncoder(encoder.id);
      expect(opened.id).toBe(encoder.id);
      expect(await opened.encode(['a b'])).toEqual(await encoder.encode(['a b']));
    }
  });

  it.each([
    [
      'uselite',
      /Did you mean use-lite\? Give one of: none, minilm, bert:<folder>, use-lite, http:<url>#<model>, hf:<model>, tuned:<folder>, uses:<encoder>, extended:<encoder>, static, late, impact:<file>, hash:<dim>\.$/,
    ],
    ['use-light', /Did you mean use-lite\?/],
    ['htp:https://host/#m', /Did you mean http:<url>#<model>\?/],
    ['hg:model', /Did you mean hf:<model>\?/],
    ['something', /^There is no encoder "something"\. Give one of/],
    ['', /Give one of/],
    ['constructor', /Give one of/],
    ['use-lite:x', /Give one of/],
    ['hash', /Give one of/],
    ['hash:', /Give one of/],
    ['hash:0', /hash:256/],
    ['hash:8?sed=1', /unknown setting "sed"/],
    ['hash:8?seed=x', /Give one of/],
    ['hf:', /Give one of/],
    ['hf:m?colour=red', /Use only: pooling/],
    ['hf:100%', /broken % escape/],
    ['http:https://host/v1/embeddings', /Give one of/],
    ['http:https://host/v1/embeddings#', /has no model/],
    ['http:host#m', /not the address/],
    ['http:https://host/#m?dim=x', /dim NaN/],
  ])('refuses %j and says what it takes', async (spec, message) => {
    await expect(openEncoder(spec)).rejects.toThrow(InvalidArgumentError);
    await expect(openEncoder(spec)).rejects.toThrow(message);
  });
});
