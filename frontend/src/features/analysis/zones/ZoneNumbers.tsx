import type { LineCount, ZoneCount, ZoneTotals } from '../../../api/wire';
import * as format from '../format';
import './zones.css';

/** Who is where just now. */
export function CountsNow({ zones = [], lines = [] }: { zones?: ZoneCount[] | undefined; lines?: LineCount[] | undefined }) {
  if (zones.length + lines.length === 0) return null;
  return (
    <div data-testid="zones">
      <h2>Zones and lines</h2>
      <dl className="zone-numbers">
        {zones.map(({ name, count }) => (
          <Row key={name} name={name} value={`${format.count(count)} inside`} />
        ))}
        {lines.map((line) => (
          <Row key={line.name} name={line.name} value={crossings(line)} />
        ))}
      </dl>
    </div>
  );
}

/** What it was in the end. */
export function CountsInTheEnd({ zones = [], lines = [] }: { zones?: ZoneTotals[] | undefined; lines?: LineCount[] | undefined }) {
  if (zones.length + lines.length === 0) return null;
  return (
    <div data-testid="zones">
      <h2>Zones and lines</h2>
      <dl className="zone-numbers">
        {zones.map(({ name, visitors, most_at_once, mean_dwell }) => (
          <Row
            key={name}
            name={name}
            value={format.plural(visitors, 'visitor', 'visitors')}
            more={visitors === 0 ? undefined : `at most ${format.count(most_at_once)} at once, ${format.duration(mean_dwell)} on average`}
          />
        ))}
        {lines.map((line) => (
          <Row key={line.name} name={line.name} value={crossings(line)} />
        ))}
      </dl>
    </div>
  );
}

const crossings = (line: LineCount) => `${format.count(line.in)} in · ${format.count(line.out)} out`;

function Row({ name, value, more }: { name: string; value: string; more?: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {more !== undefined && <small>{more}</small>}
      </dd>
    </div>
  );
}
