import { describe, expect, it } from 'vitest';
import { resolve, sections } from './sections';
import { testDescription } from './testDescription';

describe('sections', () => {
  it('gives operations by tag, in the order of the tags', () => {
    const found = sections(testDescription).map(({ name, entries }) => [name, ...entries.map(({ method, path }) => `${method} ${path}`)]);
    expect(found).toEqual([
      ['Things', 'POST /things/{id}', 'DELETE /things/{id}'],
      ['Files', 'GET /files/{id}', 'HEAD /files/{id}', 'PUT /files/{id}'],
    ]);
  });
});

describe('resolve', () => {
  it('follows references into the document, and through each other', () => {
    expect(resolve(testDescription, { $ref: '#/components/schemas/Thing/properties/id' })).toMatchObject({ pattern: '^[a-z]+$' });
    expect(resolve(testDescription, { $ref: '#/paths/~1things~1{id}/post/requestBody/content/multipart~1form-data/schema' })).toHaveProperty('allOf');
    expect(() => resolve(testDescription, { $ref: '#/components/schemas/Nothing' })).toThrow('leads nowhere');
  });
});
