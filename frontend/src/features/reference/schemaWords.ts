import type { Description, Schema } from '../../api/description';
import { resolve } from './sections';

/** A schema with its references resolved and its parts put together. */
export function flatten(document: Description, schema: Schema): Schema {
  const { allOf, ...own } = resolve(document, schema);
  if (allOf === undefined) return own;
  return allOf.map((part) => flatten(document, part)).reduce(
    (all, part) => ({
      ...part,
      ...all,
      properties: { ...all.properties, ...part.properties },
      required: [...(all.required ?? []), ...(part.required ?? [])],
    }),
    own,
  );
}

/** The name a schema has in the document. */
export function nameOf(schema: Schema): string | undefined {
  return /^#\/components\/schemas\/([^/]+)$/.exec(schema.$ref ?? '')?.[1];
}

/** The named schema that a value, or each item of a list, has; only objects have a place of their own on the page. */
export function linkOf(document: Description, schema: Schema): string | undefined {
  const name = nameOf(schema);
  if (name !== undefined && isObject(flatten(document, schema))) return name;
  const { items } = resolve(document, schema);
  return items && linkOf(document, items);
}

/** What an event stream carries: each event's name and the value its data hold. */
export function eventsOf(document: Description, schema: Schema): [string, Schema][] {
  return (flatten(document, schema).oneOf ?? []).flatMap(({ properties = {} }) => {
    const { event, data } = properties;
    return data?.contentSchema ? [[String(event?.const), data.contentSchema] as [string, Schema]] : [];
  });
}

export function isObject(schema: Schema): boolean {
  return schema.properties !== undefined;
}

/** `integer`, `string or null`, `list of Detection`. */
export function typeWords(document: Description, schema: Schema): string {
  const name = nameOf(schema);
  const flat = flatten(document, schema);
  if (name !== undefined && isObject(flat)) return name;
  if (flat.format === 'binary') return 'bytes';
  const types = [flat.type ?? (isObject(flat) ? 'object' : [])].flat();
  const words = types.map((type) => (type === 'array' ? `list of ${flat.items ? typeWords(document, flat.items) : 'anything'}` : type));
  return words.join(' or ') || 'anything';
}

/** What restricts a value, a phrase each. */
export function limits(schema: Schema): string[] {
  const { minimum, maximum, pattern } = schema;
  const words: string[] = [];
  if (schema.const !== undefined) words.push(`always ${text(schema.const)}`);
  if (schema.enum) words.push(`one of ${schema.enum.map(text).join(', ')}`);
  if (minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) words.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) words.push(`${minimum} or more`);
  if (pattern !== undefined) words.push(pattern);
  if (schema.default !== undefined && schema.default !== '') words.push(`default ${text(schema.default)}`);
  return words;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
