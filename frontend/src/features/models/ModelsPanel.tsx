import { useEffect, useState } from 'react';
import type { Model } from '../../api/models';
import type { Models } from './useModels';
import { facts, isUsable, stateWord, TASKS } from './words';
import './models.css';

/** Between two looks while the panel is open: a file that is dropped into the server's folder appears by itself. */
const LOOK_MS = 3000;

export function ModelsPanel({ models }: { models: Models }) {
  const [open, setOpen] = useState(false);
  const { list, busy, failure, look } = models;
  useEffect(() => {
    if (!open) return;
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [open, look]);

  return (
    <details className="options models" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Models</summary>
      <div className="models-body">
        {failure !== undefined && (
          <p className="notice notice-bad" role="alert">
            {failure}
          </p>
        )}
        {list?.problem !== undefined && <p className="notice notice-warning">{list.problem}</p>}
        {list === undefined ? (
          <p className="models-none">Looking…</p>
        ) : list.models.length === 0 ? (
          <p className="models-none">There is no model. Put one into the server’s folder of models.</p>
        ) : (
          <ul>
            {list.models.map((model) => (
              <Row key={model.name} model={model} models={models} disabled={busy !== undefined} />
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

function Row({ model, models, disabled }: { model: Model; models: Models; disabled: boolean }) {
  const { load, unload, makeDefault, busy } = models;
  const button = (label: string, act: (model: Model) => void) => (
    <button className="button button-small" type="button" disabled={disabled} aria-label={`${label}: ${model.name}`} onClick={() => act(model)}>
      {label}
    </button>
  );
  const usable = isUsable(model);
  return (
    <li className="model" aria-busy={busy === model.name}>
      <div className="model-name">
        <strong>{model.name}</strong>
        <span>{TASKS[model.task]}</span>
        <span className={`model-state model-${model.state}`}>{busy === model.name ? 'working…' : stateWord(model)}</span>
      </div>
      <p>{model.problem ?? facts(model)}</p>
      <div className="actions">
        {model.state === 'loaded' ? button('Unload', unload) : model.state !== 'missing' && button(model.state === 'failed' ? 'Try again' : 'Load', load)}
        {model.default ? <span className="model-default">Default</span> : usable && button('Make default', makeDefault)}
      </div>
    </li>
  );
}
