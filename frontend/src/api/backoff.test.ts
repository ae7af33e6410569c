import { expect, it } from 'vitest';
import { backoffMs } from './backoff';

const backoff = { firstMs: 500, mostMs: 8000 };

it('doubles from attempt to attempt up to its most', () => {
  expect([0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, backoff, 1))).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
});

it('spreads over the upper half', () => {
  expect(backoffMs(1, backoff, 0)).toBe(500);
});

it('never comes back before the server said', () => {
  expect(backoffMs(0, backoff, 0, 3000)).toBe(3000);
  expect(backoffMs(0, backoff, 1, 3000)).toBe(3250);
});
