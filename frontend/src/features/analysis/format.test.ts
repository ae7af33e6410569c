import { expect, it } from 'vitest';
import * as format from './format';

it('writes bytes in the unit that fits', () => {
  expect([0, 999, 1000, 96_106, 3_702_269, 4_250_000_000].map(format.bytes)).toEqual(['0 B', '999 B', '1 kB', '96 kB', '3.7 MB', '4.3 GB']);
});

it('writes a part in the unit of the whole', () => {
  expect(format.bytesOf(500_000, 3_700_000)).toBe('0.5 of 3.7 MB');
  expect(format.bytesOf(5000, 96_106)).toBe('5 of 96 kB');
});

it('never says 100 % too early', () => {
  expect([0, 41.9, 99.9, 100, 104].map(format.percent)).toEqual(['0 %', '41 %', '99 %', '100 %', '100 %']);
});

it('writes times', () => {
  expect([0, 8.44, 59.97, 65, 3723].map(format.duration)).toEqual(['0.0 s', '8.4 s', '1:00 min', '1:05 min', '1:02:03 h']);
  expect([0.2, 42, 90].map(format.remaining)).toEqual(['1 s', '42 s', '1:30 min']);
});

it('compares with real time', () => {
  expect(format.speed(10, 4)).toBe('2.5×');
  expect(format.speed(10, 80)).toBe('0.13×');
  expect(format.speed(0, 4)).toBeUndefined();
});

it('writes frame rates without needless digits', () => {
  expect([25, 29.97003].map(format.frameRate)).toEqual(['25 fps', '29.97 fps']);
});

it('counts', () => {
  expect(format.plural(1, 'frame', 'frames')).toBe('1 frame');
  expect(format.plural(1234, 'frame', 'frames')).toBe('1,234 frames');
});

it('writes a place in a video to the tenth', () => {
  expect([0, 5.04, 59.96, 65, 3723.4].map(format.position)).toEqual(['0:00.0', '0:05.0', '1:00.0', '1:05.0', '1:02:03.4']);
});
