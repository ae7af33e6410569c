import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { sha256Hex } from './sha256';

it('is the hash that everybody means', async () => {
  const bytes = new TextEncoder().encode('abc');
  expect(await sha256Hex(bytes.buffer)).toBe(createHash('sha256').update(bytes).digest('hex'));
});

it('is left out where the browser does not hash', async () => {
  expect(await sha256Hex(new ArrayBuffer(3), {})).toBeUndefined();
});
