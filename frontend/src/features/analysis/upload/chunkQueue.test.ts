import { expect, it } from 'vitest';
import { ChunkQueue } from './chunkQueue';

function drain(queue: ChunkQueue): number[] {
  const order: number[] = [];
  for (let index = queue.take(); index !== undefined; index = queue.take()) order.push(index);
  return order;
}

it('goes from the front', () => {
  expect(drain(new ChunkQueue(4))).toEqual([0, 1, 2, 3]);
});

it('serves wanted ranges first, both ends included', () => {
  const queue = new ChunkQueue(6);
  expect(queue.take()).toBe(0);
  queue.want([[4, 5], [2, 2]]);
  expect(drain(queue)).toEqual([4, 5, 2, 1, 3]);
});

it('sends only what the server does not have', () => {
  expect(drain(new ChunkQueue(6, [[0, 0], [4, 5]], [[0, 1], [4, 4]]))).toEqual([5, 2, 3]);
});

it('forgets an older wish and ignores chunks that are gone or do not exist', () => {
  const queue = new ChunkQueue(5);
  queue.want([[4, 4]]);
  queue.want([[0, 0], [3, 900]]);
  expect(drain(queue)).toEqual([0, 3, 4, 1, 2]);
});

it('begins with what the client holds for urgent unless the server wants something else', () => {
  const queue = new ChunkQueue(5, [[0, 0], [3, 4]]);
  expect([queue.take(), queue.take()]).toEqual([0, 3]);
  queue.want([[2, 2]]);
  expect(drain(queue)).toEqual([2, 4, 1]);
});
