/** The server's description of itself: as much of OpenAPI 3.1 (and of JSON Schema in it) as the server uses. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  oneOf?: Schema[];
  /** Of the value that a text holds. */
  contentSchema?: Schema;
  examples?: unknown[];
}

export interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { summary?: string; value: unknown }>;
  /** What the first line and each other line of JSON Lines holds. */
  'x-lines'?: Schema[];
}

export interface Answer {
  $ref?: string;
  description?: string;
  headers?: Record<string, { description?: string; schema?: Schema; example?: unknown }>;
  content?: Record<string, Media>;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Answer>;
}

export interface Description {
  openapi: string;
  info: { title: string; version: string; summary?: string; description?: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
  'x-error-codes': { code: string; status: number; title: string }[];
}

export type Loaded = { description: Description } | { failure: string };

export async function loadDescription(url: string): Promise<Loaded> {
  try {
    const response = await fetch(url);
    if (!response.ok) return { failure: `The server answered ${response.status}.` };
    return { description: (await response.json()) as Description };
  } catch {
    return { failure: 'The server could not be reached.' };
  }
}
