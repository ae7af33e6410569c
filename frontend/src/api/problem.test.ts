import { describe, expect, it } from 'vitest';
import { parseRetryAfter, Problem, problemFromAnswer } from './problem';

const now = new Date('2026-01-01T00:00:00Z');

describe('problemFromAnswer', () => {
  it('takes detail and code of a problem+json', () => {
    const body = JSON.stringify({ title: 'Busy', status: 503, detail: 'All places are taken.', code: 'TOO_MANY_SESSIONS' });
    const problem = problemFromAnswer({ status: 503, body, retryAfter: '7' }, now);
    expect(problem).toMatchObject({ message: 'All places are taken.', code: 'TOO_MANY_SESSIONS', status: 503, retryAfterMs: 7000 });
  });

  it('finds the request’s id in the problem’s instance', () => {
    const of = (instance: unknown) =>
      problemFromAnswer({ status: 400, body: JSON.stringify({ code: 'X', detail: 'x', instance }), retryAfter: null }, now).requestId;
    expect([of('/requests/r-1'), of('/elsewhere/r-1'), of(7), of(undefined)]).toEqual(['r-1', undefined, undefined, undefined]);
  });

  it('has a sentence for the page of a proxy', () => {
    const problem = problemFromAnswer({ status: 413, body: '<html>413</html>', retryAfter: null }, now);
    expect(problem.code).toBe('HTTP_413');
    expect(problem.message).toContain('proxy');
  });
});

describe('Problem.passing', () => {
  it.each([
    [undefined, true],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [400, false],
    [409, false],
    [413, false],
    [507, false],
  ])('of status %s is %s', (status, passing) => {
    expect(new Problem('X', 'x', status === undefined ? {} : { status }).passing).toBe(passing);
  });
});

it('knows what tells that a session is gone, and that a damaged chunk can go again', () => {
  expect(new Problem('SESSION_LOST', 'x').sessionGone && new Problem('X', 'x', { status: 410 }).sessionGone).toBe(true);
  expect(new Problem('NOT_FOUND', 'x', { status: 404 }).sessionGone).toBe(false);
  expect(new Problem('CHECKSUM_MISMATCH', 'x', { status: 422 }).passing).toBe(true);
});

describe('parseRetryAfter', () => {
  it('reads seconds and dates', () => {
    expect(parseRetryAfter('3', now)).toBe(3000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5000);
    expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter(null, now)).toBeUndefined();
  });
});
