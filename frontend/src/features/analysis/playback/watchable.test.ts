import { expect, it } from 'vitest';
import type { Playlist } from '../../../api/playlist';
import { networkProblem, Problem } from '../../../api/problem';
import { isWatchable, untilWatchable } from './watchable';

/** Gives one answer after the other, then no more. */
function clientOf(answers: (Playlist | Problem)[]) {
  return {
    playlistUrl: (id: string) => `/${id}.m3u8`,
    playlist: () => {
      const answer = answers.shift();
      if (answer === undefined) return Promise.reject(new Error('asked too often'));
      return answer instanceof Problem ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}
const look = (...answers: (Playlist | Problem)[]) => untilWatchable(clientOf(answers), 'a', { everyMs: 1 }, new AbortController().signal);
const notYet = () => new Problem('RESULT_NOT_FOUND', 'Not yet.', { status: 404 });

it('takes two segments, or all that there are', () => {
  const told = (segments: number, ended: boolean) => isWatchable({ segments, ended });
  expect([told(0, false), told(1, false), told(2, false), told(1, true), told(0, true)]).toEqual([false, false, true, true, false]);
});

it('waits for two segments, also over a connection that is lost', async () => {
  const url = await look(notYet(), networkProblem(), { segments: 1, ended: false }, { segments: 2, ended: false });
  expect(url).toBe('/a.m3u8');
});

it.each([
  ['SESSION_NOT_FOUND', 404],
  ['NOT_FOUND', 404],
  ['SESSION_LOST', 410],
])('expects nothing after %s', async (code, status) => {
  expect(await look(new Problem(code, 'x', { status }))).toBeUndefined();
});

it('stops when nobody waits any more', async () => {
  const stop = new AbortController();
  const looking = untilWatchable(clientOf([notYet()]), 'a', { everyMs: 60_000 }, stop.signal);
  stop.abort(new DOMException('over', 'AbortError'));
  await expect(looking).rejects.toThrow('over');
});
