import type { Description } from '../../api/description';

const id = { name: 'id', in: 'path', required: true, schema: { $ref: '#/components/schemas/Thing/properties/id' }, example: 'a b' } as const;

/** A description of every kind of operation, for tests. */
export const testDescription: Description = {
  openapi: '3.1.0',
  info: { title: 'Test', version: '1' },
  tags: [{ name: 'Things', description: 'Things.' }, { name: 'Files' }],
  paths: {
    '/files/{id}': {
      get: { operationId: 'getFile', tags: ['Files'], summary: '', parameters: [id], responses: { 200: { content: { 'video/mp4': {} } } } },
      head: { operationId: 'headFile', tags: ['Files'], summary: '', parameters: [id], responses: { 200: { content: { 'video/mp4': {} } } } },
      put: {
        operationId: 'putFile',
        tags: ['Files'],
        summary: '',
        parameters: [id, { name: 'total', in: 'query', required: true, schema: { minimum: 1, type: 'integer' } }, { name: 'later', in: 'query' }],
        requestBody: { content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } },
        responses: {},
      },
    },
    '/things/{id}': {
      post: {
        operationId: 'postThing',
        tags: ['Things'],
        summary: '',
        parameters: [id],
        requestBody: {
          content: { 'multipart/form-data': { schema: { allOf: [{ $ref: '#/components/schemas/Thing' }, { required: ['count'], properties: { count: { type: 'integer' } } }] } } },
        },
        responses: { 200: { content: { 'text/event-stream': {} } } },
      },
      delete: { operationId: 'deleteThing', tags: ['Things'], summary: '', parameters: [id], responses: {} },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: 'object',
        required: ['file', 'id'],
        properties: {
          file: { type: 'string', format: 'binary' },
          id: { type: 'string', pattern: '^[a-z]+$', examples: ["it's"] },
          size: { type: ['integer', 'null'], minimum: 0, maximum: 9007199254740991 },
        },
      },
    },
  },
  'x-error-codes': [],
};
