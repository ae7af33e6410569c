import { number, present, record, string } from './json';

export type Task = 'detect' | 'pose';

export interface Model {
  name: string;
  task: Task;
  /** How its output is read. */
  head?: string;
  /** Width and height in pixels. */
  input?: readonly [number, number];
  precision?: string;
  licence?: string;
  /** available, incoming, missing, loading, loaded, failed, or one of a newer server. */
  state: string;
  /** The one that is taken where none is named. */
  default: boolean;
  inference_ms?: { mean: number; runs: number };
  /** Why it is missing or failed. */
  problem?: string;
}

export interface ModelList {
  models: Model[];
  /** Why the list is an older one. */
  problem?: string;
}

export function parseModelList(body: unknown): ModelList {
  const fields = record(body);
  const models = Array.isArray(fields?.['models']) ? fields['models'].flatMap((model: unknown) => parseModel(model) ?? []) : [];
  return present({ models, problem: string(fields?.['problem']) });
}

/** Undefined where it has no name, or is for a task of a newer server. */
export function parseModel(body: unknown): Model | undefined {
  const fields = record(body) ?? {};
  const name = string(fields['name']);
  const task = (['detect', 'pose'] as const).find((known) => known === fields['task']);
  if (name === undefined || task === undefined) return undefined;
  const time = record(fields['inference_ms']);
  const [mean, runs] = [number(time?.['mean']), number(time?.['runs'])];
  return present({
    name,
    task,
    head: string(fields['head']),
    input: size(fields['input']),
    precision: string(fields['precision']),
    licence: string(fields['licence']),
    state: string(fields['state']) ?? 'available',
    default: fields['default'] === true,
    inference_ms: mean === undefined || runs === undefined ? undefined : { mean, runs },
    problem: string(fields['problem']),
  });
}

function size(value: unknown): readonly [number, number] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [width, height] = value.map(number);
  return width === undefined || height === undefined ? undefined : [width, height];
}
