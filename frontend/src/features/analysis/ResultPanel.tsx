import type { CompleteEvent } from '../../api/wire';
import { DetectionChart } from './DetectionChart';
import { resultFiles, savedAs } from './resultFiles';
import type { FileSummary } from './state';
import { CountsInTheEnd } from './zones/ZoneNumbers';

interface Props {
  file: FileSummary;
  result: CompleteEvent;
  onAnother: () => void;
}

/** What to take home, and what was seen. */
export function ResultPanel({ file, result, onAnother }: Props) {
  const files = resultFiles(result);
  return (
    <div className="panel">
      <h1 className="file-name" title={file.name}>
        {file.name}
      </h1>
      <div className="actions">
        <a className="button button-primary" href={result.download_url} download={savedAs(file.name, '.annotated.mp4')}>
          Download video
        </a>
        {result.zip_url !== undefined && (
          <a className="button" href={result.zip_url} download={savedAs(file.name, result.zip_url)}>
            Everything <small>ZIP</small>
          </a>
        )}
        <button type="button" className="button" onClick={onAnother}>
          Analyse another
        </button>
      </div>
      <CountsInTheEnd zones={result.zones} lines={result.lines} />
      <DetectionChart summary={result.detection_summary} />
      {files.length > 0 && (
        <div>
          <h2>Files</h2>
          <ul className="files">
            {files.map(({ title, kind, note, url }) => (
              <li key={url}>
                <a href={url} download={savedAs(file.name, url)}>
                  <span>
                    {title} <small>{kind}</small>
                  </span>
                  <span className="files-note">{note}</span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
