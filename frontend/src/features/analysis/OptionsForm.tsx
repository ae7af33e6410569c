import { useId } from 'react';
import type { AnalysisOptions } from '../../api/wire';
import { ModelSelect } from '../models/ModelSelect';
import type { Models } from '../models/useModels';
import * as format from './format';
import { CONFIDENCE, MAX_POSES } from './options';

interface Props {
  options: AnalysisOptions;
  models: Models;
  onChange: (options: AnalysisOptions) => void;
  /** Whether zones and lines are drawn before the analysis begins. */
  draws: boolean;
  onDraws: (draws: boolean) => void;
}

export function OptionsForm({ options, models: { list, look }, onChange, draws, onDraws }: Props) {
  const id = useId();
  return (
    <details className="options" onToggle={(event) => event.currentTarget.open && look()}>
      <summary>Options</summary>
      <div className="options-body">
        <div className="field">
          <label htmlFor={`${id}-confidence`}>Confidence</label>
          <output htmlFor={`${id}-confidence`}>{format.percent(Math.round(options.confidence * 100))}</output>
          <input
            id={`${id}-confidence`}
            type="range"
            {...CONFIDENCE}
            value={options.confidence}
            aria-describedby={`${id}-confidence-hint`}
            onChange={(event) => onChange({ ...options, confidence: event.target.valueAsNumber })}
          />
          <p id={`${id}-confidence-hint`}>Higher shows fewer, surer detections.</p>
        </div>
        <div className="field">
          <label htmlFor={`${id}-poses`}>Persons with a pose</label>
          <output htmlFor={`${id}-poses`}>{options.max_poses === 0 ? 'none' : format.count(options.max_poses)}</output>
          <input
            id={`${id}-poses`}
            type="range"
            {...MAX_POSES}
            value={options.max_poses}
            aria-describedby={`${id}-poses-hint`}
            onChange={(event) => onChange({ ...options, max_poses: event.target.valueAsNumber })}
          />
          <p id={`${id}-poses-hint`}>Skeletons drawn at once. More take longer.</p>
        </div>
        {list && (
          <>
            <ModelSelect task="detect" models={list.models} value={options.detector} onChange={(detector) => onChange({ ...options, detector })} />
            <ModelSelect task="pose" models={list.models} value={options.pose} onChange={(pose) => onChange({ ...options, pose })} />
          </>
        )}
        <label className="check">
          <input type="checkbox" checked={draws} onChange={(event) => onDraws(event.target.checked)} />
          <span>
            Count in zones and over lines
            <small>Draw them on the first frame before the analysis begins.</small>
          </span>
        </label>
        <label className="check">
          <input type="checkbox" checked={options.debug} onChange={(event) => onChange({ ...options, debug: event.target.checked })} />
          <span>
            Debug overlay
            <small>Writes model names, frame numbers and timings into the picture.</small>
          </span>
        </label>
      </div>
    </details>
  );
}
