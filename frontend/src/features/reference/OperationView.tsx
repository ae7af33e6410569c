import type { Description } from '../../api/description';
import { AnswerView } from './AnswerView';
import { curlOf } from './curl';
import { FieldList, FieldView } from './FieldList';
import { Method } from './Method';
import { Paragraphs } from './Paragraphs';
import { resolve, type Entry } from './sections';

const PLACES = { path: 'in the path', query: 'in the query', header: 'as header' } as const;

/** One method of one address. */
export function OperationView({ document, entry, origin }: { document: Description; entry: Entry; origin: string }) {
  const { method, path, operation } = entry;
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(document, parameter));
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  return (
    <article className="card" id={operation.operationId} aria-labelledby={`${operation.operationId}-title`}>
      <p className="address">
        <Method name={method} />
        <code>{path}</code>
      </p>
      <h3 id={`${operation.operationId}-title`}>{operation.summary}</h3>
      <Paragraphs text={operation.description} />
      <pre className="curl" tabIndex={0} aria-label="Example">
        {curlOf(document, entry, origin)}
      </pre>
      {parameters.length > 0 && (
        <details open={parameters.length < 5}>
          <summary>
            Parameters <span className="quiet">{parameters.length}</span>
          </summary>
          <dl className="fields">
            {parameters.map(({ name, schema = {}, required = false, description, in: place }) => (
              <FieldView
                key={place + name}
                document={document}
                name={name}
                schema={schema}
                required={required}
                description={description}
                place={PLACES[place]}
              />
            ))}
          </dl>
        </details>
      )}
      {bodies.map(([type, { schema }]) => (
        <details key={type}>
          <summary>
            Body <span className="quiet">{type}</span>
          </summary>
          {schema && <FieldList document={document} schema={schema} />}
        </details>
      ))}
      <h4>Answers</h4>
      <ul className="answers">
        {Object.entries(operation.responses).map(([status, answer]) => (
          <AnswerView key={status} document={document} status={status} answer={resolve(document, answer)} showBody={method !== 'HEAD'} />
        ))}
      </ul>
    </article>
  );
}
