import type { Description, Operation } from '../../api/description';

export interface Entry {
  method: string;
  path: string;
  operation: Operation;
}

export interface Section {
  name: string;
  description: string;
  entries: Entry[];
}

/** The operations by their first tag, in the order of the document's tags. */
export function sections({ tags, paths }: Description): Section[] {
  const entries = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  return tags.map(({ name, description = '' }) => ({ name, description, entries: entries.filter(({ operation }) => operation.tags[0] === name) }));
}

/** What a reference within the document leads to (RFC 6901); the value itself where it is none. */
export function resolve<T extends { $ref?: string }>(document: Description, value: T): T {
  const { $ref } = value;
  if ($ref === undefined) return value;
  const steps = $ref.split('/').slice(1).map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'));
  let target: unknown = document;
  for (const step of steps) target = (target as Record<string, unknown> | undefined)?.[step];
  if (typeof target !== 'object' || target === null) throw new Error(`${$ref} leads nowhere`);
  return resolve(document, target as T);
}
