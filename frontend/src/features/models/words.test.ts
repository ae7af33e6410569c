import { describe, expect, it } from 'vitest';
import type { Model } from '../../api/models';
import { facts, isUsable, stateWord } from './words';

const OWN: Model = { name: 'own', task: 'detect', state: 'available', default: false };

describe('a model in words', () => {
  it('tells as much as is known', () => {
    expect(facts(OWN)).toBe('');
    const known = { ...OWN, head: 'yolox', input: [416, 320], precision: 'fp32', licence: 'MIT', inference_ms: { mean: 6.449, runs: 3 } } as const;
    expect(facts(known)).toBe('yolox · 416 × 320 · fp32 · 6.4 ms a frame · MIT');
  });

  it('knows which can be used, and shows a state it has never heard of', () => {
    const states = ['available', 'incoming', 'missing', 'loading', 'loaded', 'failed', 'warming'];
    expect(states.filter((state) => isUsable({ ...OWN, state }))).toEqual(['available', 'incoming', 'loading', 'loaded', 'warming']);
    expect([stateWord(OWN), stateWord({ ...OWN, state: 'warming' })]).toEqual(['not loaded', 'warming']);
  });
});
