import { describe, expect, it } from 'vitest';
import type { Schema } from '../../api/description';
import { eventsOf, flatten, limits, linkOf, typeWords } from './schemaWords';
import { testDescription } from './testDescription';

const thing: Schema = { $ref: '#/components/schemas/Thing' };

describe('typeWords', () => {
  it.each<[Schema, string]>([
    [{ type: 'integer' }, 'integer'],
    [{ type: ['number', 'null'] }, 'number or null'],
    [{ type: 'string', format: 'binary' }, 'bytes'],
    [{ type: 'array', items: thing }, 'list of Thing'],
    [{ type: 'array', items: { type: 'array', items: { type: 'number' } } }, 'list of list of number'],
    [thing, 'Thing'],
    [{ $ref: '#/components/schemas/Thing/properties/id' }, 'string'],
    [{}, 'anything'],
  ])('%j is %s', (schema, words) => expect(typeWords(testDescription, schema)).toBe(words));
});

describe('limits', () => {
  it.each<[Schema, string[]]>([
    [{ minimum: 0, maximum: 1, default: 0.25 }, ['0 to 1', 'default 0.25']],
    [{ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, ['0 or more']],
    [{ enum: ['a', null] }, ['one of a, null']],
    [{ const: true }, ['always true']],
    [{ pattern: '^x$', default: '' }, ['^x$']],
    [{}, []],
  ])('%j has %j', (schema, words) => expect(limits(schema)).toEqual(words));
});

describe('flatten', () => {
  it('puts the parts of a schema together', () => {
    const flat = flatten(testDescription, { allOf: [thing, { required: ['count'], properties: { count: { type: 'integer' } } }] });
    expect(Object.keys(flat.properties ?? {})).toEqual(['file', 'id', 'size', 'count']);
    expect(flat.required).toEqual(['file', 'id', 'count']);
  });
});

describe('linkOf', () => {
  it('leads to objects with a name, through lists, and nowhere else', () => {
    expect(linkOf(testDescription, { type: 'array', items: thing })).toBe('Thing');
    expect(linkOf(testDescription, { type: 'string' })).toBeUndefined();
  });
});

describe('eventsOf', () => {
  it('gives the events of a stream, and none of another value', () => {
    const stream = { oneOf: [{ properties: { event: { const: 'done' }, data: { contentSchema: thing } } }, { properties: {} }] };
    expect(eventsOf(testDescription, stream)).toEqual([['done', thing]]);
    expect(eventsOf(testDescription, thing)).toEqual([]);
  });
});
