import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { choose, inPage } from './chromium';
import { Line } from './line';
import { ServerProcess } from './serverProcess';
import type { Tally } from './tally';
import { longTestVideo } from './testVideo';

const PATIENCE_MS = Number(process.env['SIGHTLINE_TEST_TIMEOUT_MS'] ?? 300_000);
const CHUNK = 1024 * 1024;
/** Chromium writes every lost connection to the console. */
const LOST = /net::ERR_/;

/** The page has no switch for it: this is about bytes. */
const NO_MODELS = { detector: 'none', pose: 'none' };

/** Uploads that are interrupted, in a real browser against the real server. */
export async function goingOn(browser: Browser, tally: Tally, dir: string, onLine: (line: string) => void): Promise<void> {
  const data = join(dir, 'going-on');
  const modelsDir = join(dir, 'no-models');
  mkdirSync(modelsDir, { recursive: true });
  const video = longTestVideo(dir);
  let server = await ServerProcess.start(data, onLine, { modelsDir });

  const check = (name: string, run: (page: Page, line: Line) => Promise<void>) =>
    tally.check(name, async () => {
      const line = await Line.to(server.origin, NO_MODELS);
      try {
        await inPage(browser, line.origin, (page) => run(page, line), LOST);
      } finally {
        line.close();
      }
    });
  const stored = (session: string | undefined) => readFileSync(join(data, 'sessions', session ?? '', 'source'));

  await check('an upload goes on after a reload, when the same file is chosen', async (page, line) => {
    await interrupted(page, line, video);
    await choose(page, video);
    await page.getByText('Going on where the last upload stopped').waitFor();
    line.allow(Infinity);
    await result(page);
    assertEachOnce(line, video);
    assert.ok(stored(line.chunks[0]?.session).equals(readFileSync(video)), 'the server has other bytes');
  });

  await check('another file of the same name and size is not taken for the same', async (page, line) => {
    await interrupted(page, line, video);
    const other = join(dir, 'other', basename(video));
    mkdirSync(join(dir, 'other'), { recursive: true });
    const bytes = readFileSync(video);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(other, bytes);
    utimesSync(other, 1, 1);
    const before = line.chunks.length;
    await choose(page, other);
    line.allow(Infinity);
    await result(page);
    const sessions = new Set(line.taken.map(({ session }) => session));
    assert.equal(sessions.size, 2);
    assert.equal(line.chunks.length - before, Math.ceil(bytes.length / CHUNK), 'it was not sent from the beginning');
    assert.ok(stored([...sessions][1]).equals(bytes), 'the server has other bytes');
  });

  await check('an upload goes on by itself when the server is killed and comes back', async (page, line) => {
    line.allow(3);
    await choose(page, video);
    await line.until(() => line.taken.length === 3, PATIENCE_MS);
    await server.kill();
    line.allow(Infinity);
    await page.getByText(/trying again|connecting again/).first().waitFor();
    server = await ServerProcess.start(data, onLine, { modelsDir, port: new URL(server.origin).port });
    await result(page);
    assertEachOnce(line, video);
    assert.ok(line.chunks.length > line.taken.length, 'no chunk met a server that is away');
    assert.ok(stored(line.chunks[0]?.session).equals(readFileSync(video)), 'the server has other bytes');
  });

  await check('a file with its index last sends it first, and is analysed while most of it is still here', async (page, line) => {
    const indexLast = longTestVideo(dir, 'index last');
    const last = Math.ceil(statSync(indexLast).size / CHUNK) - 1;
    line.allow(3);
    await choose(page, indexLast);
    await page.locator('.stage img').waitFor({ timeout: PATIENCE_MS });
    // Three go at once: the order in which they arrive is theirs.
    assert.deepEqual(line.taken.map(({ index }) => index).sort((a, b) => a - b), [0, 1, last]);
    line.allow(Infinity);
    await result(page);
    assertEachOnce(line, indexLast);
  });

  await tally.check('SIGTERM ends the server that came back', async () => {
    assert.equal(await server.stop(), 0);
  });
}

/** Three chunks go up, then the page is reloaded. */
async function interrupted(page: Page, line: Line, video: string): Promise<void> {
  page.on('dialog', (dialog) => void dialog.accept());
  line.allow(3);
  await choose(page, video);
  await line.until(() => line.taken.length === 3, PATIENCE_MS);
  line.allow(0);
  await page.reload();
  line.cutHeld();
}

async function result(page: Page): Promise<void> {
  await page.locator('video, [role=alert]').first().waitFor({ timeout: PATIENCE_MS });
  assert.equal(await page.getByRole('alert').count(), 0, await page.locator('main').innerText());
}

/** The server took every chunk of the file, none twice, all in one session. */
function assertEachOnce({ taken }: Line, video: string): void {
  const all = Array.from({ length: Math.ceil(statSync(video).size / CHUNK) }, (_, index) => index);
  assert.deepEqual(taken.map(({ index }) => index).sort((a, b) => a - b), all);
  assert.equal(new Set(taken.map(({ session }) => session)).size, 1);
}
