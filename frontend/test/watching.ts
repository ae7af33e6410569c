import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { choose, inPage } from './chromium';
import { Line } from './line';
import { ServerProcess } from './serverProcess';
import type { Tally } from './tally';
import { evenTestVideo } from './testVideo';

const PATIENCE_MS = Number(process.env['SIGHTLINE_TEST_TIMEOUT_MS'] ?? 300_000);
const SEGMENT_SECONDS = 2;
/** This is about the player; without models all that there is to be played is there soon. */
const NO_MODELS = { detector: 'none', pose: 'none' };

/** The annotated video is watched while most of the upload is still here, and on to its end. */
export async function watching(browser: Browser, tally: Tally, dir: string, onLine: (line: string) => void): Promise<void> {
  const modelsDir = join(dir, 'no-models-to-watch');
  mkdirSync(modelsDir, { recursive: true });
  const video = evenTestVideo(dir);
  const server = await ServerProcess.start(join(dir, 'watching'), onLine, { modelsDir });
  const line = await Line.to(server.origin, NO_MODELS);
  await tally.check('the annotated video plays while it is made, and goes on as the finished one', () =>
    inPage(browser, line.origin, (page) => watch(page, line, video)),
  );
  line.close();
  await tally.check('SIGTERM ends the server that was watched', async () => {
    assert.equal(await server.stop(), 0);
  });
}

async function watch(page: Page, line: Line, video: string): Promise<void> {
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(new URL(request.url()).pathname));
  // The rest waits until the player was looked at.
  line.allow(4);
  await choose(page, video);
  await page.locator('.stage img').waitFor({ timeout: PATIENCE_MS });
  assert.ok(!loaded.some((path) => /hls.*\.js$/.test(path)), 'the player’s library was loaded before anybody watched');
  await page.getByRole('button', { name: 'Watch' }).click({ timeout: PATIENCE_MS });
  const early = await until(page, ({ buffered, currentTime }) => buffered >= 2 * SEGMENT_SECONDS - 0.1 && currentTime > 0.5);
  assert.ok(early.src.startsWith('blob:'), `it plays ${early.src}`);
  assert.ok(Number.isFinite(early.duration) && early.seekable >= 2 * SEGMENT_SECONDS - 0.1, `it cannot be sought in: ${JSON.stringify(early)}`);
  assert.ok(line.taken.length <= 4, 'the upload was not held');

  // Two more chunks: the video grows under the player.
  line.allow(2);
  await until(page, ({ duration, buffered }) => duration > early.duration + 1 && buffered > early.buffered);
  await page.locator('video').evaluate((player: HTMLVideoElement) => {
    player.dataset['same'] = 'yes';
    player.currentTime = 3;
  });
  const before = await until(page, ({ currentTime }) => currentTime > 3.2);
  assert.doesNotMatch(await page.title(), /^Done/, 'the analysis was complete too early');

  line.allow(Infinity);
  await page.getByRole('link', { name: 'Download video' }).waitFor({ timeout: PATIENCE_MS });
  const after = await until(page, ({ src, playable }) => src.endsWith('.mp4') && playable);
  assert.ok(after.same, 'the player is another element: full screen would have ended');
  assert.ok(after.currentTime >= before.currentTime - 0.1, `it went back from ${before.currentTime} to ${after.currentTime}`);
  await until(page, ({ currentTime }) => currentTime > after.currentTime + 0.3);
  await results(page);
}

async function results(page: Page): Promise<void> {
  const address = (link: Locator) => link.evaluate((element: HTMLAnchorElement) => element.href);
  const zip = await page.request.get(await address(page.getByRole('link', { name: 'Everything' })));
  assert.deepEqual([zip.status(), zip.headers()['content-type']], [200, 'application/zip']);
  assert.equal(await page.locator('.files a').count(), 9);
  for (const link of await page.locator('.files a').all()) {
    const answer = await page.request.head(await address(link));
    assert.equal(answer.status(), 200, await link.innerText());
  }
  const timeline = page.locator('.timeline img');
  assert.ok((await timeline.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))) > 0, 'no timeline');

  const track = page.locator('video track');
  assert.equal(await track.evaluate((element: HTMLTrackElement) => element.track.mode), 'disabled');
  const cues = track.evaluate(async (element: HTMLTrackElement) => {
    const read = new Promise((resolve, reject) => {
      element.addEventListener('load', resolve);
      element.addEventListener('error', reject);
    });
    element.track.mode = 'hidden';
    await read;
    return element.readyState;
  });
  assert.equal(await cues, 2, 'the captions cannot be read');

  const strip = page.getByRole('slider', { name: 'Position in the video' });
  await strip.hover({ position: { x: 200, y: 10 } });
  const tile = page.locator('.scrub-tile');
  await tile.waitFor();
  const shown = await tile.evaluate((element) => getComputedStyle(element).backgroundImage);
  assert.match(shown, /\.sheet\.png/);
  await strip.focus();
  await page.keyboard.press('Home');
  await page.locator('video').evaluate((player: HTMLVideoElement) => player.pause());
  await page.keyboard.press('ArrowRight');
  await until(page, ({ currentTime }) => currentTime > 0 && currentTime < 1);
}

interface Look {
  playable: boolean;
  buffered: number;
  currentTime: number;
  duration: number;
  seekable: number;
  src: string;
  same: boolean;
}

function lookAt(page: Page): Promise<Look> {
  return page.locator('video').evaluate((player: HTMLVideoElement) => ({
    playable: player.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA,
    buffered: player.buffered.length > 0 ? player.buffered.end(0) : 0,
    currentTime: player.currentTime,
    duration: player.duration,
    seekable: player.seekable.length > 0 ? player.seekable.end(0) : 0,
    src: player.currentSrc,
    same: player.dataset['same'] === 'yes',
  }));
}

/** What is to be seen of the player once this is so. */
async function until(page: Page, isSo: (look: Look) => boolean): Promise<Look> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const look = await lookAt(page);
    if (isSo(look)) return look;
    assert.ok(Date.now() < deadline, `it never came: ${isSo.toString()}, but ${JSON.stringify(look)}`);
    await page.waitForTimeout(50);
  }
}
