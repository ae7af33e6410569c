import assert from 'node:assert/strict';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Upload } from 'tus-js-client';
import { ServerProcess } from './serverProcess';
import { Tally } from './tally';
import { smallTestVideo, testVideo } from './testVideo';

const CHUNK = 256 * 1024;
const MIB = 1024 * 1024;
const LARGE = 50 * MIB;
const ANALYSIS_MS = Number(process.env['SIGHTLINE_TEST_TIMEOUT_MS'] ?? 300_000);
/** Neither model: this is about bytes. */
const OPTIONS = { detector: 'none', pose: 'none' };

type Options = ConstructorParameters<typeof Upload>[1];

/** A client that others have written, tus-js-client, against the server of SIGHTLINE_BIN. */
export async function main(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-tus-test-'));
  const data = join(dir, 'data');
  const tally = new Tally();
  const log: string[] = [];
  try {
    const server = await ServerProcess.start(data, (line) => log.push(line));
    const endpoint = `${server.origin}/files/`;
    await tally.check('an upload that was paused goes on by its URL, and is analysed', async () => {
      const video = testVideo(dir);
      const bytes = readFileSync(video);
      const metadata = { filename: basename(video), ...OPTIONS };
      const url = await paused(bytes, { endpoint, metadata, chunkSize: CHUNK }, 2 * CHUNK);
      assert.equal(await offset(url), 2 * CHUNK);
      const from: number[] = [];
      await whole(bytes, { uploadUrl: url, chunkSize: CHUNK, onChunkComplete: (size, accepted) => from.push(accepted - size) });
      assert.equal(from[0], 2 * CHUNK, 'it began anew');
      assert.deepEqual(stored(data, url), bytes);
      const end = await lastEvent(server.origin, url);
      assert.equal(end.kind, 'complete', JSON.stringify(end));
    });
    await tally.check('50 MiB that are paused and gone on with', async () => {
      const bytes = padded(readFileSync(smallTestVideo(dir)), LARGE);
      const options = { endpoint, metadata: { filename: 'large.mp4', ...OPTIONS }, chunkSize: MIB };
      const url = await paused(bytes, options, 2 * MIB);
      await whole(bytes, { uploadUrl: url, chunkSize: 8 * MIB });
      assert.ok(stored(data, url).equals(bytes));
      const end = await lastEvent(server.origin, url);
      assert.equal(end.kind, 'complete', JSON.stringify(end));
    });
    await tally.check('three parts at once', async () => {
      const bytes = readFileSync(testVideo(dir));
      const options = { endpoint, metadata: { filename: 'parts.mp4', ...OPTIONS }, chunkSize: CHUNK, parallelUploads: 3 };
      const url = await whole(bytes, options);
      assert.ok(stored(data, url).equals(bytes));
      const head = await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } });
      assert.match(head.headers.get('Upload-Concat') ?? '', /^final;\S+ \S+ \S+$/);
      const end = await lastEvent(server.origin, url);
      assert.equal(end.kind, 'complete', JSON.stringify(end));
    });
    await tally.check('a stream of unknown length', async () => {
      const video = smallTestVideo(dir);
      // A file's own stream would not do: the client asks it for its size.
      const stream = createReadStream(video).pipe(new PassThrough()) as unknown as ReadableStreamDefaultReader;
      const options = { endpoint, metadata: { filename: basename(video), ...OPTIONS }, chunkSize: CHUNK / 4, uploadLengthDeferred: true };
      const url = await whole(stream, options);
      assert.deepEqual(stored(data, url), readFileSync(video));
      assert.equal((await lastEvent(server.origin, url)).kind, 'complete');
    });
    await tally.check('the first bytes with the creation', async () => {
      const bytes = readFileSync(smallTestVideo(dir));
      const options = { endpoint, metadata: { filename: 'small.mp4', session_id: 'by-tus', ...OPTIONS }, uploadDataDuringCreation: true };
      const url = await whole(bytes, options);
      assert.equal(url, `${endpoint}by-tus`);
      assert.deepEqual(stored(data, url), bytes);
    });
    await tally.check('an upload that is terminated is gone', async () => {
      const options = { endpoint, metadata: { filename: 'a.mp4', ...OPTIONS }, chunkSize: CHUNK };
      const url = await paused(readFileSync(testVideo(dir)), options, CHUNK);
      await Upload.terminate(url);
      assert.equal((await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } })).status, 410);
    });
    assert.equal(await server.stop(), 0);
  } catch (error) {
    await tally.check('the test runs to its end', () => {
      throw error;
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const code = tally.close();
  if (code !== 0 && log.length > 0) console.error(`The server’s last lines:\n${log.slice(-30).join('\n')}`);
  return code;
}

/** Uploads to the end and gives the upload’s URL. */
function whole(file: Buffer | ReadableStreamDefaultReader, options: Options): Promise<string> {
  return new Promise((done, failed) => {
    const upload = new Upload(file, { retryDelays: null, ...options, onError: failed, onSuccess: () => done(upload.url ?? '') });
    upload.start();
  });
}

/** Uploads up to an offset, then lets go. */
function paused(file: Buffer, options: Options, until: number): Promise<string> {
  return new Promise((done, failed) => {
    const onChunkComplete = (_size: number, accepted: number) => {
      if (accepted >= until) upload.abort().then(() => done(upload.url ?? ''), failed);
    };
    const upload = new Upload(file, { retryDelays: null, ...options, onError: failed, onChunkComplete });
    upload.start();
  });
}

/** The same film in a file of this size, by a box that players skip (ISO/IEC 14496-12, 8.1.2). */
function padded(film: Buffer, size: number): Buffer {
  const box = Buffer.alloc(size - film.length);
  box.writeUInt32BE(box.length);
  box.write('free', 4);
  return Buffer.concat([film, box]);
}

async function offset(url: string): Promise<number> {
  const answer = await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } });
  return Number(answer.headers.get('Upload-Offset'));
}

const stored = (data: string, url: string) => readFileSync(join(data, 'sessions', basename(url), 'source'));

async function lastEvent(origin: string, url: string): Promise<{ kind: string | undefined; data: string | undefined }> {
  const answer = await fetch(`${origin}/api/stream-progress/${basename(url)}`, { signal: AbortSignal.timeout(ANALYSIS_MS) });
  const text = await answer.text();
  return { kind: [...text.matchAll(/^event: (.*)$/gm)].at(-1)?.[1], data: [...text.matchAll(/^data: (.*)$/gm)].at(-1)?.[1] };
}
