import { expect, it } from 'vitest';
import type { CompleteEvent } from '../../api/wire';
import { resultFiles, savedAs } from './resultFiles';

const result = { download_url: '/uploads/results/a.mp4' } as CompleteEvent;

it('offers what is there, in one order, and nothing twice', () => {
  expect(resultFiles(result)).toEqual([]);
  const some = resultFiles({ ...result, timeline_url: '/r/a.timeline.png', coco_url: '/r/a.coco.json', zip_url: '/r/a.zip' });
  expect(some.map(({ title, kind, url }) => [title, kind, url])).toEqual([
    ['COCO', 'JSON', '/r/a.coco.json'],
    ['Timeline', 'PNG', '/r/a.timeline.png'],
  ]);
  expect(some.every(({ note }) => note !== '')).toBe(true);
});

it('saves a file under the video’s name with its whole ending', () => {
  expect(savedAs('my.walk.mov', '/uploads/results/0123456789ab.coco.json')).toBe('my.walk.coco.json');
  expect(savedAs('walk', '/uploads/results/0123456789ab.zip')).toBe('walk.zip');
  expect(savedAs('walk.mp4', '/uploads/results/plain')).toBe('walk');
});
