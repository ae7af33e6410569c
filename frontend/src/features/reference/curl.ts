import type { Description, Media, Parameter } from '../../api/description';
import { exampleOf } from './example';
import { flatten } from './schemaWords';
import { resolve, type Entry } from './sections';

/** A command that asks for the operation with what it cannot do without. */
export function curlOf(document: Description, { method, path, operation }: Entry, origin: string): string {
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(document, parameter));
  const value = (parameter: Parameter) => encodeURIComponent(plain(parameter.example ?? exampleOf(document, parameter.schema ?? {})));
  const required = parameters.filter((parameter) => parameter.required);
  const address = required.filter((p) => p.in === 'path').reduce((url, p) => url.replace(`{${p.name}}`, value(p)), path);
  const query = required.filter((p) => p.in === 'query').map((p) => `${p.name}=${value(p)}`);
  const url = origin + address + (query.length > 0 ? `?${query.join('&')}` : '');
  const types = Object.values(operation.responses).flatMap((answer) => Object.keys(resolve(document, answer).content ?? {}));
  const body = bodyOptions(document, operation.requestBody?.content ?? {});
  const options = [...methodOptions(method, body.length > 0), ...receivingOptions(method, types), ...body];
  return ['curl', ...options, quoted(url)].join(' ');
}

function methodOptions(method: string, hasBody: boolean): string[] {
  if (method === 'HEAD') return ['-I'];
  return method === 'GET' || (method === 'POST' && hasBody) ? [] : [`-X ${method}`];
}

/** Events as they come; files under their own names. */
function receivingOptions(method: string, types: string[]): string[] {
  if (types.includes('text/event-stream')) return ['-N'];
  return method === 'GET' && types.includes('video/mp4') ? ['-OJ'] : [];
}

function bodyOptions(document: Description, content: Record<string, Media>): string[] {
  const form = content['multipart/form-data'];
  if (form?.schema) {
    const { required = [], properties = {} } = flatten(document, form.schema);
    // The file last: fields before it are always heard.
    const names = [...required.filter((name) => name !== 'file'), 'file'];
    return names.map((name) => `-F ${quoted(`${name}=${name === 'file' ? '@video.mp4' : plain(exampleOf(document, properties[name] ?? {}))}`)}`);
  }
  if (Object.keys(content).length === 0) return [];
  return ["-H 'Content-Type: application/octet-stream'", '--data-binary @video.mp4'];
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w.=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
