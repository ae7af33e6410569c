import { use, useEffect } from 'react';
import type { Description, Loaded } from '../../api/description';
import { Contents } from './Contents';
import { FieldList } from './FieldList';
import { OperationView } from './OperationView';
import { Paragraphs } from './Paragraphs';
import { flatten, isObject } from './schemaWords';
import { sections } from './sections';
import './reference.css';

export function ReferencePage({ loaded, origin }: { loaded: Promise<Loaded>; origin: string }) {
  const result = use(loaded);
  if ('failure' in result) {
    return (
      <p className="notice notice-bad" role="alert">
        The description of the API could not be loaded. {result.failure}
      </p>
    );
  }
  return <Reference document={result.description} origin={origin} />;
}

function Reference({ document, origin }: { document: Description; origin: string }) {
  // The browser looked for the address's fragment before there was anything to find.
  useEffect(() => window.document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView(), []);
  const groups = sections(document);
  const schemas = Object.entries(document.components.schemas).filter(([, schema]) => isObject(flatten(document, schema)));
  const { info } = document;
  return (
    <div className="reference">
      <Contents groups={groups} />
      <div className="reference-body">
        <h1>{info.title} API</h1>
        <p className="reference-version">
          Version {info.version} · OpenAPI {document.openapi}
        </p>
        {info.summary && <p className="lead">{info.summary}</p>}
        <Paragraphs text={info.description} />
        {groups.map((group) => (
          <section key={group.name} aria-labelledby={group.name}>
            <h2 id={group.name}>{group.name}</h2>
            <Paragraphs text={group.description} />
            {group.entries.map((entry) => (
              <OperationView key={entry.operation.operationId} document={document} entry={entry} origin={origin} />
            ))}
          </section>
        ))}
        <section aria-labelledby="schemas">
          <h2 id="schemas">Schemas</h2>
          {schemas.map(([name, schema]) => (
            <article className="card" key={name} id={`schema-${name}`}>
              <h3>{name}</h3>
              <Paragraphs text={schema.description} />
              <FieldList document={document} schema={schema} />
            </article>
          ))}
        </section>
        <section aria-labelledby="codes">
          <h2 id="codes">Error codes</h2>
          <ul className="code-list card">
            {document['x-error-codes'].map(({ code, status, title }) => (
              <li key={code} id={`code-${code}`}>
                <code>{code}</code>
                <span>{title}</span>
                <span className="quiet">{status}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </div>
  );
}

