import { expect, it } from 'vitest';
import { addSample, bytesPerSecond, type Sample } from './transferRate';

it('is the slope over the last seconds', () => {
  const samples = [0, 1000, 2000, 9000, 10_000].reduce<readonly Sample[]>(
    (list, atMs) => addSample(list, { atMs, bytes: atMs * 2 }),
    [],
  );
  expect(samples[0]?.atMs).toBe(9000);
  expect(bytesPerSecond(samples)).toBe(2000);
});

it('begins anew when bytes are lost', () => {
  const before = [{ atMs: 0, bytes: 0 }, { atMs: 500, bytes: 900 }];
  expect(addSample(before, { atMs: 1000, bytes: 300 })).toEqual([{ atMs: 0, bytes: 0 }, { atMs: 1000, bytes: 300 }]);
});

it('says nothing over too short a time', () => {
  expect(bytesPerSecond([])).toBeUndefined();
  expect(bytesPerSecond([{ atMs: 0, bytes: 0 }, { atMs: 100, bytes: 9 }])).toBeUndefined();
});
