import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FakeServer } from './fakeServer';
import { pictures, testVideo } from './testVideo';

/** Of the test video; without FFmpeg the fake shows single pixels. */
function previews(dir: string): Buffer[] {
  try {
    return pictures(testVideo(dir), join(dir, 'pictures'));
  } catch {
    return [];
  }
}

/** Speaks as much of the real command line as the browser test needs. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== 'serve'),
    options: { port: { type: 'string', default: '8080' }, host: { type: 'string' }, 'data-dir': { type: 'string' } },
    strict: false,
  });
  const dir = mkdtempSync(join(tmpdir(), 'sightline-fake-'));
  const fake = await FakeServer.start({
    port: Number(values.port),
    webDir: resolve(import.meta.dirname, '../dist'),
    pictures: previews(dir),
    frames: 300,
    stepMs: 100,
    retryMs: 2000,
  });
  console.error(`listening on ${fake.origin}`);
  await new Promise((ended) => {
    process.once('SIGTERM', ended);
    process.once('SIGINT', ended);
  });
  await fake.stop();
  rmSync(dir, { recursive: true, force: true });
  return 0;
}
