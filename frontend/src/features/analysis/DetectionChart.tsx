import * as format from './format';
import { classCounts } from './resultNumbers';

/** Detections by class over all frames, as bars that are also a table for who cannot see them. */
export function DetectionChart({ summary }: { summary: Record<string, number> }) {
  const counts = classCounts(summary);
  return (
    <div className="chart">
      <h2>Detections</h2>
      {counts.length === 0 ? (
        <p className="progress-line">Nothing was detected. A lower confidence may find more.</p>
      ) : (
        <table>
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Detections</th>
            </tr>
          </thead>
          <tbody>
            {counts.map(({ label, count, share }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td className="chart-bar" aria-hidden="true">
                  <div style={{ width: `${Math.max(1, share * 100)}%` }} />
                </td>
                <td className="chart-count">{format.count(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
