import { expect, it } from 'vitest';
import { newSessionId } from './sessionId';

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

it('is a UUID v4 in a secure context', () => {
  expect(newSessionId()).toMatch(uuid4);
});

it('is a UUID v4 where randomUUID is missing, as over plain http', () => {
  expect(newSessionId({ getRandomValues: (array) => array.fill(255) })).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  expect(newSessionId({ getRandomValues: (array) => crypto.getRandomValues(array) })).toMatch(uuid4);
});
