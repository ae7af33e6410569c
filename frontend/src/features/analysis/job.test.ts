import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeServer, type FakeOptions } from '../../../test/fakeServer';
import type { Faults } from '../../../test/fakeSession';
import { Client } from '../../api/client';
import { putBytesByFetch } from '../../api/putBytes';
import { AnalysisJob, JOB_SETTINGS, type JobSettings } from './job';
import type { AnalysisAction } from './state';
import { fingerprint, UploadMemory } from './upload/uploadMemory';

const KIB = 1024;
const QUICK: JobSettings = {
  upload: { ...JOB_SETTINGS.upload, retries: 5, chunkBytes: 64 * KIB, timeoutMs: 300, backoff: { firstMs: 10, mostMs: 40 } },
  follow: { retryMs: 20, maxAttempts: 4, silenceMs: 1000 },
  watch: { everyMs: 5 },
  wholeBelowBytes: 64 * KIB,
};
const OPTIONS = { confidence: 0.4, max_poses: 3, debug: true };

let fake: FakeServer | undefined;
afterEach(() => fake?.stop());

function video(bytes: number, head = '\0\0\0\x18ftypisom'): File {
  const content = new Uint8Array(bytes).map((_, index) => index % 251);
  content.set(new TextEncoder().encode(head));
  return new File([content], 'walk.mp4', { lastModified: 7 });
}

async function begin(file: File, faults: Faults = {}, options: FakeOptions = {}, remembered?: string) {
  fake = await FakeServer.start({ stepMs: 5, ...options, faults });
  const actions: AnalysisAction[] = [];
  const memory = new UploadMemory();
  if (remembered !== undefined) memory.keep(fingerprint(file, QUICK.upload.chunkBytes, OPTIONS), remembered);
  const job = new AnalysisJob({ file, ext: '.mp4', options: OPTIONS }, new Client(fake.origin, putBytesByFetch), QUICK, (action) => actions.push(action), memory);
  return { job, actions, server: fake, memory };
}

async function run(file: File, faults: Faults = {}, options: FakeOptions = {}) {
  const begun = await begin(file, faults, options);
  await begun.job.ended;
  return { ...begun, last: begun.actions.at(-1) };
}

const ofType = <T extends AnalysisAction['type']>(actions: AnalysisAction[], type: T) =>
  actions.filter((action): action is Extract<AnalysisAction, { type: T }> => action.type === type);

describe('a large file', () => {
  it('goes in chunks, byte for byte, with every field of the contract', async () => {
    const file = video(300 * KIB + 7);
    const { actions, last, server } = await run(file);
    expect(last).toMatchObject({ type: 'completed', result: { total_frames: 120 } });
    expect(ofType(actions, 'progressed').length).toBeGreaterThan(2);
    expect(ofType(actions, 'uploaded')).toHaveLength(1);
    const [session] = server.sessions.values();
    expect(session?.bytes().equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
    expect(server.chunkRequests[0]).toMatchObject({
      total_chunks: '5', chunk_size: '65536', file_size: String(file.size), filename: 'walk.mp4', ext: '.mp4', confidence: '0.4', max_poses: '3', debug: 'true',
    });
    const bytes = Buffer.from(await file.arrayBuffer());
    for (const { chunk_index, sha256 } of server.chunkRequests) {
      const from = Number(chunk_index) * 64 * KIB;
      expect(sha256).toBe(createHash('sha256').update(bytes.subarray(from, from + 64 * KIB)).digest('hex'));
    }
    expect(server.chunkRequests.map((chunk) => chunk['chunk_index']).sort()).toEqual(['0', '1', '2', '3', '4']);
    expect([server.deleted, server.asked]).toEqual([[], []]);
  });

  it.each([[[500, 503] as const], [['damaged', 'damaged'] as const]])('survives a chunk that fails twice: %s', async (faults) => {
    const { actions, last, server } = await run(video(300 * KIB), { chunks: { 2: [...faults] } });
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'held')).toHaveLength(2);
    expect(server.chunkRequests.filter((chunk) => chunk['chunk_index'] === '2')).toHaveLength(3);
  });

  it('survives a chunk without an answer: the time-out ends the attempt', async () => {
    const { last, server } = await run(video(200 * KIB), { chunks: { 1: ['hang'] } });
    expect(last?.type).toBe('completed');
    expect(server.chunkRequests.filter((chunk) => chunk['chunk_index'] === '1')).toHaveLength(2);
  });

  it('gives up with clear words when every attempt runs out of time, and goes on when the file is chosen again', async () => {
    const file = video(200 * KIB);
    const { last, server, memory } = await run(file, { chunks: { 1: Array<'hang'>(6).fill('hang') } });
    expect(last).toMatchObject({ type: 'failed', failure: { code: 'CHUNK_TIMEOUT' } });
    expect(server.chunkRequests.filter((chunk) => chunk['chunk_index'] === '1')).toHaveLength(6);
    expect(server.deleted).toEqual([]);
    const before = server.chunkRequests.length;
    const there = [...server.sessions.values()][0]?.chunks.size ?? 0;
    const actions: AnalysisAction[] = [];
    const report = (action: AnalysisAction) => void actions.push(action);
    const again = () =>
      new AnalysisJob({ file, ext: '.mp4', options: OPTIONS }, new Client(server.origin, putBytesByFetch), QUICK, report, memory).ended;
    await again();
    expect(ofType(actions, 'resumed')).toMatchObject([{ bytes: file.size - 64 * KIB * (4 - there) }]);
    expect(actions.at(-1)?.type).toBe('completed');
    expect(server.chunkRequests).toHaveLength(before + 4 - there);
    expect(server.sessions.size).toBe(1);
    // What is complete is forgotten: the file is analysed anew.
    await again();
    expect(server.sessions.size).toBe(2);
  });

  it.each([429, 503])('waits as long as the Retry-After of a %i says', async (status) => {
    const before = performance.now();
    const { actions, last } = await run(video(100 * KIB), { chunks: { 0: [status] }, retryAfter: '1' });
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'held')).toMatchObject([{ by: { code: `FAKE_${status}` } }]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(1000);
  });

  it('asks what is there when the last answer says that not all is, and sends what is missing', async () => {
    const file = video(300 * KIB);
    const { last, server } = await run(file, { loses: [1, 3] });
    expect(last?.type).toBe('completed');
    const [[id, session] = []] = server.sessions;
    expect(server.asked).toEqual([id]);
    expect(server.chunkRequests.map((chunk) => chunk['chunk_index']).sort()).toEqual(['0', '1', '1', '2', '3', '3', '4']);
    expect(session?.bytes().equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
  });

  it('gives up on a server that keeps nothing', async () => {
    const { last, server } = await run(video(100 * KIB), { loses: Array<number>(20).fill(1) });
    expect(last).toMatchObject({ type: 'failed', failure: { code: 'SERVER_FORGETFUL' } });
    expect(server.asked).toHaveLength(5);
  });

  it('begins anew, and says so, when the server has lost the session', async () => {
    const file = video(300 * KIB);
    const { actions, last, server } = await run(file, { losesSessions: 1 });
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'begunAnew')).toHaveLength(1);
    const [lost, kept] = [...server.sessions.values()];
    expect([lost?.chunks.size, server.sessions.size]).toEqual([2, 2]);
    expect(kept?.bytes().equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
  });

  it('ends with the server’s sentence when every session is lost', async () => {
    const { actions, last } = await run(video(300 * KIB), { losesSessions: 9 });
    expect(last).toMatchObject({ type: 'failed', failure: { code: 'SESSION_LOST' } });
    expect(ofType(actions, 'begunAnew')).toHaveLength(2);
  });

  it('begins anew when the session that it remembers is gone', async () => {
    const { actions, job, memory, server } = await begin(video(300 * KIB), {}, {}, 'gone');
    await job.ended;
    expect(actions.map((action) => action.type)).toEqual(expect.arrayContaining(['begunAnew', 'completed']));
    expect(server.asked).toEqual(['gone']);
    expect(memory.find(fingerprint(video(300 * KIB), 64 * KIB, OPTIONS))).toBeUndefined();
  });

  it('ends at once on a refusal, with the server’s sentence', async () => {
    const { last, server } = await run(video(300 * KIB), { chunks: { 0: [413] } });
    expect(last).toEqual({ type: 'failed', failure: { code: 'FAKE_413', sentence: 'The fake refuses chunk 0 with 413.' } });
    expect(server.chunkRequests.filter((chunk) => chunk['chunk_index'] === '0')).toHaveLength(1);
  });

  it('sends the chunks the server wants before the others', async () => {
    const { server } = await run(video(640 * KIB), { want: [[8, 9]] });
    const order = server.chunkRequests.map((chunk) => chunk['chunk_index']);
    expect(order.slice(0, 3).sort()).toEqual(['0', '1', '2']);
    expect(order.slice(3, 5).sort()).toEqual(['8', '9']);
  });

  it('follows a lost event connection with Last-Event-ID', async () => {
    const { actions, last, server } = await run(video(200 * KIB), { cutEventsAfter: 3 });
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'connected').map((action) => action.connection)).toEqual(['open', 'lost', 'open']);
    const [session] = server.sessions.values();
    expect(session?.lastEventIds).toEqual(['', expect.stringMatching(/^\d+$/)]);
  });

  it('goes on after an event that tells of missed ones', async () => {
    const { actions, last } = await run(video(200 * KIB), { resets: true, cutEventsAfter: 3 });
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'failed')).toEqual([]);
  });

  it('says once where the annotated video can be watched, before it is complete', async () => {
    const { actions, server } = await run(video(300 * KIB), {}, { frames: 300, stepMs: 20 });
    const [id] = server.sessions.keys();
    expect(ofType(actions, 'watchable')).toEqual([{ type: 'watchable', playlistUrl: `${server.origin}/api/sessions/${id}/hls/index.m3u8` }]);
    const types = actions.map((action) => action.type);
    expect(types.indexOf('watchable')).toBeLessThan(types.indexOf('completed'));
  });

  it('ends with the server’s error event', async () => {
    const error = { detail: 'FFmpeg made no progress for 20 seconds.', code: 'DECODER_TIMEOUT' };
    const { actions, last } = await run(video(200 * KIB), { error });
    expect(last).toEqual({ type: 'failed', failure: { code: error.code, sentence: error.detail } });
    expect(ofType(actions, 'failed')).toHaveLength(1);
  });

  it('stops sending when it is cancelled, removes the session and says nothing more', async () => {
    const { job, actions, server } = await begin(video(300 * KIB), { chunks: { 4: Array<'hang'>(6).fill('hang') } });
    await expect.poll(() => ofType(actions, 'progressed').length).toBeGreaterThan(0);
    job.cancel();
    await job.ended;
    expect(actions.at(-1)).toEqual({ type: 'cancelled' });
    await expect.poll(() => server.deleted).toEqual([...server.sessions.keys()]);
  });

  it('says that the server is away when it is', async () => {
    const actions: AnalysisAction[] = [];
    const nowhere = new Client('http://127.0.0.1:9', putBytesByFetch);
    await new AnalysisJob({ file: video(100 * KIB), ext: '.mp4', options: OPTIONS }, nowhere, QUICK, (action) => actions.push(action)).ended;
    expect(actions.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'NETWORK_UNREACHABLE' } });
  });
});

describe('a small file', () => {
  it('goes in one request whose answer is its progress', async () => {
    const { actions, last, server } = await run(video(60 * KIB));
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'progressed').length).toBeGreaterThan(2);
    expect(server.chunkRequests).toHaveLength(0);
  });

  it('says what is wrong with a file that is no video', async () => {
    const { last } = await run(video(100, 'Dear diary, '));
    expect(last).toMatchObject({ type: 'failed', failure: { code: 'UNSUPPORTED_CONTAINER' } });
  });

  it('goes on by the name of its session when the answer breaks off', async () => {
    const { actions, last, server } = await run(video(100), { cutEventsAfter: 2 });
    expect(last?.type).toBe('completed');
    expect(ofType(actions, 'connected').map((action) => action.connection)).toEqual(['lost', 'open']);
    expect([...server.sessions.values()].map((session) => session.lastEventIds.length)).toEqual([2]);
  });

  it('removes its session when it is cancelled', async () => {
    const { job, actions, server } = await begin(video(100), {}, { stepMs: 1000 });
    await expect.poll(() => ofType(actions, 'uploaded').length).toBe(1);
    job.cancel();
    await job.ended;
    await expect.poll(() => server.deleted).toEqual([...server.sessions.keys()]);
    expect(actions.at(-1)).toEqual({ type: 'cancelled' });
  });
});
