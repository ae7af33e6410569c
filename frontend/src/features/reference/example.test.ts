import { expect, it } from 'vitest';
import { exampleOf, exampleText } from './example';
import { testDescription } from './testDescription';

it('makes an example of a schema’s parts where none is given', () => {
  expect(exampleOf(testDescription, { $ref: '#/components/schemas/Thing' })).toEqual({ file: 'text', id: "it's", size: 0 });
  expect(exampleOf(testDescription, { type: 'array', items: { type: 'boolean' } })).toEqual([false]);
  expect(exampleOf(testDescription, { type: 'object', examples: [{ given: 1 }] })).toEqual({ given: 1 });
});

it('shows text as it is, objects as JSON, and of bytes nothing', () => {
  expect(exampleText(testDescription, 'text/csv', { example: 'a,b\n' })).toBe('a,b');
  expect(exampleText(testDescription, 'application/json', { examples: { one: { value: { a: 1 } } } })).toBe('{\n  "a": 1\n}');
  expect(exampleText(testDescription, 'application/json', { schema: { properties: { n: { type: 'number' } } } })).toBe('{\n  "n": 0\n}');
  expect(exampleText(testDescription, 'video/mp4', { schema: { type: 'string', format: 'binary' } })).toBeUndefined();
});
