import type { Model, Task } from '../../api/models';

export const TASKS: Record<Task, string> = { detect: 'Objects', pose: 'Poses' };

const STATES: Record<string, string> = {
  available: 'not loaded',
  incoming: 'being copied',
  missing: 'missing',
  loading: 'loading…',
  loaded: 'loaded',
  failed: 'failed',
};

export function stateWord({ state }: Model): string {
  return STATES[state] ?? state;
}

/** One line on what it is: as much as is known. */
export function facts({ head, input, precision, licence, inference_ms: time }: Model): string {
  const parts = [head, input && `${input[0]} × ${input[1]}`, precision, time && `${time.mean.toFixed(1)} ms a frame`, licence];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** Whether an analysis can be given to it. */
export function isUsable({ state }: Model): boolean {
  return state !== 'missing' && state !== 'failed';
}
