import { useId } from 'react';
import type { Model, Task } from '../../api/models';
import { isUsable, TASKS } from './words';

interface Props {
  task: Task;
  models: readonly Model[];
  /** A model's name, or `none`; absent for the server's own choice. */
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** Which model does a task. A name that the list does not have, or not any more, stays to be seen. */
export function ModelSelect({ task, models, value, onChange }: Props) {
  const id = useId();
  const own = models.filter((model) => model.task === task);
  const names = own.filter(isUsable).map(({ name }) => name);
  const byDefault = own.find((model) => model.default)?.name;
  if (value !== undefined && value !== 'none' && !names.includes(value)) names.push(value);
  return (
    <div className="field">
      <label htmlFor={id}>{task === 'detect' ? 'Object model' : 'Pose model'}</label>
      <select id={id} value={value ?? ''} onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}>
        <option value="">Default{byDefault !== undefined && ` (${byDefault})`}</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value="none">No {TASKS[task].toLowerCase()}</option>
      </select>
    </div>
  );
}
