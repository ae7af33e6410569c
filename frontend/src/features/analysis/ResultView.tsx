import type { CompleteEvent } from '../../api/wire';
import { DetectionChart } from './DetectionChart';
import { Player } from './Player';
import { resultNumbers } from './resultNumbers';
import type { FileSummary } from './state';

interface Props {
  file: FileSummary;
  result: CompleteEvent;
  preview: string | undefined;
  onAnother: () => void;
}

export function ResultView({ file, result, preview, onAnother }: Props) {
  const name = file.name.replace(/\.[^.]*$/, '');
  return (
    <section className="workspace result" aria-label="Result">
      <div className="result-player">
        <Player url={result.download_url} preview={preview} width={result.width} height={result.height} />
        {result.warnings.map((warning) => (
          <p className="notice notice-warning" key={`${warning.code} ${warning.detail}`}>
            {warning.detail} {warning.code && <code>{warning.code}</code>}
          </p>
        ))}
      </div>
      <div className="panel">
        <h1 className="file-name" title={file.name}>
          {file.name}
        </h1>
        <div className="actions">
          <a className="button button-primary" href={result.download_url} download={`${name}-annotated.mp4`}>
            Download video
          </a>
          {result.results_url && (
            <a className="button" href={result.results_url} download={`${name}.jsonl`}>
              Results <small>JSONL</small>
            </a>
          )}
          {result.csv_url && (
            <a className="button" href={result.csv_url} download={`${name}.csv`}>
              Detections <small>CSV</small>
            </a>
          )}
        </div>
        <DetectionChart summary={result.detection_summary} />
        <button type="button" className="button" onClick={onAnother}>
          Analyse another
        </button>
      </div>
      <dl className="facts">
        {resultNumbers(result).map(({ name: label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
