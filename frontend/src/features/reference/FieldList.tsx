import type { Description, Schema } from '../../api/description';
import { flatten, isObject, limits, linkOf, typeWords } from './schemaWords';

/** The fields of an object; of another value, what it is. */
export function FieldList({ document, schema }: { document: Description; schema: Schema }) {
  const flat = flatten(document, schema);
  if (flat.properties === undefined) {
    return (
      <p className="quiet">
        {typeWords(document, flat)}
        {flat.description && `: ${flat.description}`}
      </p>
    );
  }
  return (
    <dl className="fields">
      {Object.entries(flat.properties).map(([name, field]) => (
        <FieldView key={name} document={document} name={name} schema={field} required={flat.required?.includes(name) ?? false} />
      ))}
    </dl>
  );
}

interface FieldProps {
  document: Description;
  name: string;
  schema: Schema;
  required: boolean;
  description?: string | undefined;
  /** Where in a request it goes. */
  place?: string;
}

export function FieldView({ document, name, schema, required, description, place }: FieldProps) {
  const flat = flatten(document, schema);
  const restrictions = limits(flat);
  const text = description ?? flat.description;
  const inner = linkOf(document, schema) === undefined && isObject(flat);
  return (
    <div className="field-row">
      <dt>
        <code>{name}</code>
        <TypeName document={document} schema={schema} />
        {place && <span className="quiet">{place}</span>}
        {required && <span className="required">required</span>}
      </dt>
      <dd>
        {text && <p>{text}</p>}
        {restrictions.length > 0 && (
          <p className="limits">
            {restrictions.map((words) => (
              <code key={words}>{words}</code>
            ))}
          </p>
        )}
        {inner && <FieldList document={document} schema={schema} />}
      </dd>
    </div>
  );
}

/** The words of a type, leading to its schema where it has one of its own. */
export function TypeName({ document, schema }: { document: Description; schema: Schema }) {
  const link = linkOf(document, schema);
  const words = typeWords(document, schema);
  return link === undefined ? <span className="quiet">{words}</span> : <a href={`#schema-${link}`}>{words}</a>;
}
