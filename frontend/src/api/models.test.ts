import { describe, expect, it } from 'vitest';
import { parseModelList } from './models';

describe('parseModelList', () => {
  it('reads what is known of a model, and leaves out what is not', () => {
    const nano = {
      name: 'yolox-nano', task: 'detect', head: 'yolox', input: [416, 416], labels: 80, licence: 'Apache-2.0', precision: 'fp32',
      state: 'loaded', default: true, inference_ms: { mean: 6.4, runs: 30 }, problem: null,
    };
    const own = { name: 'own', task: 'pose', head: null, input: null, state: 'failed', default: false, inference_ms: null, problem: 'It is broken.' };
    expect(parseModelList({ models: [nano, own], problem: null })).toEqual({
      models: [
        {
          name: 'yolox-nano', task: 'detect', head: 'yolox', input: [416, 416], licence: 'Apache-2.0', precision: 'fp32',
          state: 'loaded', default: true, inference_ms: { mean: 6.4, runs: 30 },
        },
        { name: 'own', task: 'pose', state: 'failed', default: false, problem: 'It is broken.' },
      ],
    });
  });

  it('passes over what it does not understand', () => {
    expect(parseModelList({ models: [{ name: 'x', task: 'sing' }, 3, { task: 'pose' }], problem: 'old' })).toEqual({ models: [], problem: 'old' });
    expect(parseModelList(undefined)).toEqual({ models: [] });
  });
});
