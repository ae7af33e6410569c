import type { Description, Media, Schema } from '../../api/description';
import { flatten } from './schemaWords';

/** A value of a schema: one that the document gives, else one made from its parts. */
export function exampleOf(document: Description, schema: Schema): unknown {
  const flat = flatten(document, schema);
  const given = flat.examples?.[0] ?? flat.const ?? flat.default ?? flat.enum?.[0];
  if (given !== undefined) return given;
  if (flat.properties) {
    return Object.fromEntries(Object.entries(flat.properties).map(([name, field]) => [name, exampleOf(document, field)]));
  }
  switch ([flat.type].flat()[0]) {
    case 'array':
      return flat.items ? [exampleOf(document, flat.items)] : [];
    case 'integer':
    case 'number':
      return flat.minimum ?? 0;
    case 'boolean':
      return false;
    case 'object':
      return {};
    default:
      return 'text';
  }
}

/** The example of an answer as text; none for bytes and pages. */
export function exampleText(document: Description, type: string, media: Media): string | undefined {
  const given = media.example ?? Object.values(media.examples ?? {})[0]?.value;
  if (typeof given === 'string') return given.trimEnd();
  if (given !== undefined) return JSON.stringify(given, null, 2);
  const flat = media.schema && flatten(document, media.schema);
  if (!type.includes('json') || flat?.properties === undefined) return undefined;
  return JSON.stringify(exampleOf(document, flat), null, 2);
}
