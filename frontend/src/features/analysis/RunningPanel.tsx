import * as format from './format';
import { ProgressBar } from './ProgressBar';
import type { Running } from './state';
import { bytesPerSecond } from './transferRate';
import { CountsNow } from './zones/ZoneNumbers';
import { BEFORE, frameCount, heldLine, percentOf, stageLine } from './words';

/** How far it is, and the way to stop it. */
export function RunningPanel({ state, onCancel }: { state: Running; onCancel: () => void }) {
  return (
    <div className="panel">
      <h1 className="file-name" title={state.file.name}>
        {state.file.name}
      </h1>
      <AnalysisProgress state={state} />
      <CountsNow zones={state.progress?.zones} lines={state.progress?.lines} />
      <UploadProgress state={state} />
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

function AnalysisProgress({ state }: { state: Running }) {
  const { progress, reconnecting } = state;
  const percent = percentOf(progress);
  return (
    <div className="progress" data-testid="analysis">
      <div className="progress-head">
        <h2>Analysis</h2>
        <span className="progress-figure">
          {percent !== undefined ? format.percent(percent) : progress !== undefined ? `Frame ${frameCount(progress)}` : ''}
        </span>
      </div>
      <ProgressBar label="Analysis" percent={percent} />
      <p className={reconnecting ? 'progress-line is-warning' : 'progress-line'}>{stageLine(state)}</p>
      <dl className="numbers">
        <Pair name="Frame" value={progress && frameCount(progress)} />
        <Pair name="Frames per second" value={progress?.fps === undefined ? undefined : format.rate(progress.fps)} />
        <Pair name="Time left" value={progress?.eta_seconds === undefined ? undefined : format.remaining(progress.eta_seconds)} />
        <Pair name="In this frame" value={progress?.detections === undefined ? undefined : format.plural(progress.detections, 'detection', 'detections')} />
      </dl>
    </div>
  );
}

function Pair({ name, value }: { name: string; value: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  );
}

function UploadProgress({ state: { file, upload } }: { state: Running }) {
  const percent = (upload.sentBytes / file.bytes) * 100;
  const rate = bytesPerSecond(upload.samples);
  return (
    <div className="progress" data-testid="upload">
      <div className="progress-head">
        <h2>Upload</h2>
        <span className="progress-figure">{upload.finished ? 'Done' : format.percent(percent)}</span>
      </div>
      <ProgressBar label="Upload" percent={percent} />
      {upload.before !== undefined && <p className="progress-line">{BEFORE[upload.before]}</p>}
      {upload.held !== undefined && <p className="progress-line is-warning">{heldLine(upload.held)}</p>}
      <p className="progress-line">
        {upload.finished ? format.bytes(file.bytes) : format.bytesOf(upload.sentBytes, file.bytes)}
        {!upload.finished && rate !== undefined && ` · ${format.bytes(rate)}/s`}
      </p>
    </div>
  );
}
