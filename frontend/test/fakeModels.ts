import type { Model } from '../src/api/models';

const KNOWN = { licence: 'Apache-2.0', default: true, state: 'loaded', precision: 'fp32' } as const;

/** Models that can be looked at, loaded, unloaded and made defaults. */
export class FakeModels {
  models: Model[] = [
    { ...KNOWN, name: 'yolox-nano', task: 'detect', head: 'yolox', input: [416, 416], inference_ms: { mean: 6.4, runs: 412 } },
    { ...KNOWN, name: 'blazepose-full', task: 'pose', head: 'blazepose', input: [224, 224], inference_ms: { mean: 11.2, runs: 412 } },
    { name: 'road_damage', task: 'detect', default: false, state: 'available', licence: 'AGPL-3.0' },
    { name: 'half_a_model', task: 'detect', default: false, state: 'failed', problem: 'half_a_model.onnx is not a model OpenVINO can read.' },
  ];

  /** The body of an answer; undefined where there is no such model. */
  answer(name: string, change: string | undefined, body: string): object | undefined {
    if (name === '') return { models: this.models, problem: null };
    if (name === 'defaults') {
      const chosen = JSON.parse(body) as Record<string, string>;
      for (const model of this.models.filter(({ task }) => task in chosen)) model.default = model.name === chosen[model.task];
      return chosen;
    }
    const model = this.models.find((known) => known.name === name);
    if (model !== undefined) model.state = change === 'load' ? 'loaded' : 'available';
    return model;
  }
}
