import type { Answer, Description, Media } from '../../api/description';
import { exampleText } from './example';
import { FieldList, TypeName } from './FieldList';
import { eventsOf, linkOf } from './schemaWords';

interface AnswerProps {
  document: Description;
  status: string;
  answer: Answer;
  showBody: boolean;
}

/** One answer: a problem by its codes, another by what it holds. */
export function AnswerView({ document, status, answer, showBody }: AnswerProps) {
  const { content = {}, headers = {} } = answer;
  const problem = content['application/problem+json'];
  const names = Object.keys(headers);
  return (
    <li className={status.startsWith('2') ? 'answer answer-good' : 'answer'}>
      <span className="status">{status}</span>
      <div>
        {problem ? (
          <p className="limits">
            {Object.entries(problem.examples ?? {}).map(([code, { summary }]) => (
              <a key={code} href={`#code-${code}`} title={summary}>
                <code>{code}</code>
              </a>
            ))}
          </p>
        ) : (
          <p>{answer.description}</p>
        )}
        {names.length > 0 && (
          <p className="quiet">
            {names.length === 1 ? 'Header' : 'Headers'} {names.join(', ')}
          </p>
        )}
        {!problem && showBody && Object.entries(content).map(([type, media]) => <MediaView key={type} document={document} type={type} media={media} />)}
      </div>
    </li>
  );
}

function MediaView({ document, type, media }: { document: Description; type: string; media: Media }) {
  const example = exampleText(document, type, media);
  const { schema, 'x-lines': lines = [] } = media;
  const events = schema ? eventsOf(document, schema) : [];
  return (
    <div className="media">
      <p>
        <code>{type}</code> {schema && linkOf(document, schema) !== undefined && <TypeName document={document} schema={schema} />}
      </p>
      {schema && linkOf(document, schema) === undefined && (schema.properties ?? schema.description) && <FieldList document={document} schema={schema} />}
      <ul className="events">
        {events.map(([name, event]) => (
          <li key={name}>
            event <code>{name}</code> <TypeName document={document} schema={event} />
          </li>
        ))}
        {lines.map((line, index) => (
          <li key={line.$ref}>
            {index === 0 ? 'first line' : 'each other line'} <TypeName document={document} schema={line} />
          </li>
        ))}
      </ul>
      {example && (
        <details>
          <summary>Example</summary>
          <pre tabIndex={0}>{example}</pre>
        </details>
      )}
    </div>
  );
}
