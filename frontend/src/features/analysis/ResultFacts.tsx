import type { CompleteEvent } from '../../api/wire';
import { resultNumbers } from './resultNumbers';

/** The result's numbers, and when how much was seen. */
export function ResultFacts({ result }: { result: CompleteEvent }) {
  return (
    <div className="result-facts">
      {result.timeline_url !== undefined && (
        <figure className="timeline">
          <figcaption>Detections over time</figcaption>
          <a href={result.timeline_url} aria-label="Timeline, as a picture">
            <img src={result.timeline_url} alt="Detections a second, by class, over the length of the video" />
          </a>
        </figure>
      )}
      <dl className="facts">
        {resultNumbers(result).map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
