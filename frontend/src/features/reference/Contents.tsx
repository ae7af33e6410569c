import { Method } from './Method';
import type { Section } from './sections';

/** Where everything is: beside the text, or folded above it where there is no room. */
export function Contents({ groups }: { groups: Section[] }) {
  const list = groups.map(({ name, entries }) => (
    <li key={name}>
      <a href={`#${name}`}>{name}</a>
      <ul>
        {entries.map(({ method, operation: { operationId, summary } }) => (
          <li key={operationId}>
            <a href={`#${operationId}`}>
              <Method name={method} />
              <span>{summary}</span>
            </a>
          </li>
        ))}
      </ul>
    </li>
  ));
  const rest = (
    <>
      <li>
        <a href="#schemas">Schemas</a>
      </li>
      <li>
        <a href="#codes">Error codes</a>
      </li>
    </>
  );
  return (
    <>
      <details className="contents-folded card">
        <summary>Contents</summary>
        <ul className="contents">
          {list}
          {rest}
        </ul>
      </details>
      <nav className="contents-beside" aria-label="Contents">
        <ul className="contents">
          {list}
          {rest}
        </ul>
      </nav>
    </>
  );
}
