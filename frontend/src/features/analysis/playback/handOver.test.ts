import { expect, it } from 'vitest';
import { handOver } from './handOver';

it('goes on where the other video was', () => {
  expect(handOver({ seconds: 4.2, playing: true }, 10)).toEqual({ seconds: 4.2, playing: true });
  expect(handOver({ seconds: 4.2, playing: false }, 10)).toEqual({ seconds: 4.2, playing: false });
});

it('does not begin again when all was seen, nor go beyond the end', () => {
  expect(handOver({ seconds: 9.9, playing: true }, 10)).toEqual({ seconds: 9.9, playing: false });
  expect(handOver({ seconds: 11, playing: true }, 10)).toEqual({ seconds: 10, playing: false });
});

it('bears a length that is not known', () => {
  expect(handOver({ seconds: 3, playing: true }, NaN)).toEqual({ seconds: 3, playing: true });
  expect(handOver({ seconds: 3, playing: true }, Infinity)).toEqual({ seconds: 3, playing: true });
  expect(handOver({ seconds: -1, playing: true }, 0)).toEqual({ seconds: 0, playing: true });
});
