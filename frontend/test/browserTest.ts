import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { choose, inPage, launchChromium, percentOf } from './chromium';
import { goingOn } from './goingOn';
import { ServerProcess } from './serverProcess';
import { Tally } from './tally';
import { smallTestVideo, testVideo } from './testVideo';
import { watching } from './watching';
import { zoning } from './zoning';

const ANALYSIS_MS = Number(process.env['SIGHTLINE_TEST_TIMEOUT_MS'] ?? 300_000);
const MIB = 1024 * 1024;

/** The web app in a real browser against the server of SIGHTLINE_BIN. */
export async function main(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-browser-test-'));
  const tally = new Tally();
  const log: string[] = [];
  let server: ServerProcess | undefined;
  let browser: Browser | undefined;
  try {
    await tally.check('the server starts and says where it listens', async () => {
      server = await ServerProcess.start(join(dir, 'data'), (line) => log.push(line));
    });
    if (server === undefined) return tally.close();
    const { origin } = server;
    browser = await launchChromium();
    const opened = browser;
    await tally.check('a video in chunks: preview, progress, result, player, download', () =>
      inPage(opened, origin, (page) => chunked(page, dir)),
    );
    await tally.check('a small video in one request', () => inPage(opened, origin, (page) => small(page, dir)));
    await tally.check('zones and lines are drawn on the first frame and counted', () =>
      inPage(opened, origin, (page) => zoning(page, smallTestVideo(dir))),
    );
    await tally.check('a text file named .mp4 ends in clear words', () =>
      inPage(opened, origin, (page) => text(page, dir), /status of 4\d\d/),
    );
    await tally.check('a cancelled upload says so and offers another try', () => inPage(opened, origin, (page) => cancelled(page, dir)));
    await tally.check('a file of another kind is refused before any upload', () => inPage(opened, origin, (page) => refused(page, dir)));
    await tally.check('models are listed, unloaded and loaded again', () => inPage(opened, origin, models));
    await watching(opened, tally, dir, (line) => log.push(line));
    await goingOn(opened, tally, dir, (line) => log.push(line));
  } catch (error) {
    await tally.check('the test runs to its end', () => {
      throw error;
    });
  } finally {
    await browser?.close();
    const running = server;
    if (running !== undefined) {
      await tally.check('SIGTERM ends the server with exit code 0', async () => {
        assert.equal(await running.stop(), 0);
      });
    }
    rmSync(dir, { recursive: true, force: true });
  }
  const code = tally.close();
  if (code !== 0 && log.length > 0) console.error(`The server’s last lines:\n${log.slice(-30).join('\n')}`);
  return code;
}

async function preview(page: Page): Promise<void> {
  await page.locator('.stage img, [role=alert]').first().waitFor({ timeout: ANALYSIS_MS });
  assert.equal(await page.getByRole('alert').count(), 0, await page.locator('main').innerText());
}

async function chunked(page: Page, dir: string): Promise<void> {
  const video = testVideo(dir);
  assert.ok(statSync(video).size > MIB, `${video} is not larger than 1 MiB`);
  const chunkRequests: string[] = [];
  page.on('request', (request) => {
    if (/\/api\/uploads\/[^/]+\/chunks\/\d+\?/.test(request.url())) chunkRequests.push(request.method());
  });
  await choose(page, video);
  await preview(page);
  assert.equal(await page.locator('video').count(), 0, 'the preview came only with the result');
  const size = await page.locator('.stage img').evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
  assert.ok(size > 0, 'the preview is no picture');

  const seen = new Set<number>();
  const titles = new Set<string>();
  const deadline = Date.now() + ANALYSIS_MS;
  while ((await page.locator('video').count()) === 0) {
    assert.ok(Date.now() < deadline, 'no result in time');
    assert.equal(await page.getByRole('alert').count(), 0, await page.locator('main').innerText());
    const percent = await percentOf(page, 'Analysis').catch(() => undefined);
    if (percent !== undefined) seen.add(percent);
    titles.add(await page.title());
    await page.waitForTimeout(50);
  }
  const steps = [...seen];
  assert.ok(steps.length >= 3, `progress was seen at ${steps.join(', ')} only`);
  assert.deepEqual(steps, steps.toSorted((a, b) => a - b), 'progress went back');
  assert.ok([...titles].some((title) => /^\d+ %/.test(title)), `no percent in the title: ${[...titles].join(', ')}`);
  assert.deepEqual([...new Set(chunkRequests)], ['PUT']);
  assert.ok(chunkRequests.length >= Math.ceil(statSync(video).size / MIB), 'the video did not go in chunks');
  await result(page, video, dir);
}

async function result(page: Page, video: string, dir: string): Promise<void> {
  const player = page.locator('video');
  await page.locator('video, [role=alert]').first().waitFor({ timeout: ANALYSIS_MS });
  assert.equal(await page.getByRole('alert').count(), 0, await page.locator('main').innerText());
  await player.evaluate((element: HTMLVideoElement) => element.play());
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.3);
  assert.equal(await player.evaluate((element: HTMLVideoElement) => element.error?.message ?? null), null);
  const facts = await page.locator('.facts').innerText();
  assert.match(facts, /Frames\s+[1-9]/);
  assert.match(facts, /Duration\s+\S/);

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download video' }).click();
  const saved = join(dir, `${basename(video)}.downloaded`);
  await (await download).saveAs(saved);
  const bytes = readFileSync(saved);
  assert.equal(bytes.toString('latin1', 4, 8), 'ftyp', 'the download is no MP4');
  assert.ok(bytes.length > 10_000 && bytes.length < 50 * statSync(video).size, `the download has ${bytes.length} bytes`);
  assert.match(await page.title(), /^Done/);
}

async function small(page: Page, dir: string): Promise<void> {
  const video = smallTestVideo(dir);
  assert.ok(statSync(video).size < MIB, 'the small video is not smaller than 1 MiB');
  const whole = page.waitForRequest((request) => request.url().endsWith('/api/analyze-stream'));
  await choose(page, video);
  await whole;
  await result(page, video, dir);
  await page.getByRole('button', { name: 'Analyse another' }).click();
  await page.getByRole('button', { name: /Choose a video/ }).waitFor();
}

async function text(page: Page, dir: string): Promise<void> {
  for (const [name, size] of [['small.mp4', 2000], ['large.mp4', 2 * MIB]] as const) {
    const file = join(dir, `text-${name}`);
    writeFileSync(file, 'This is a letter and no video.\n'.repeat(Math.ceil(size / 31)));
    await choose(page, file);
    const alert = page.getByRole('alert');
    await alert.waitFor({ timeout: 60_000 });
    assert.match(await alert.innerText(), /\w+ .*\w+\./, 'no sentence');
    assert.match(await page.locator('.error-code').innerText(), /[A-Z]{3,}.* request \S+/);
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await page.getByRole('button', { name: 'Choose another video' }).click();
  }
}

async function cancelled(page: Page, dir: string): Promise<void> {
  const removed = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await choose(page, testVideo(dir));
  await preview(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
  assert.ok((await removed).ok(), 'the server did not remove the session');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
}

async function models(page: Page): Promise<void> {
  await page.getByText('Models', { exact: true }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'Default' }).first();
  await row.getByRole('button', { name: /^Unload/ }).click();
  await row.getByText('not loaded').waitFor();
  await row.getByRole('button', { name: /^Load/ }).click();
  await row.getByRole('button', { name: /^Unload/ }).waitFor({ timeout: 60_000 });
  const name = (await row.locator('strong').innerText()).trim();
  await page.getByText('Options', { exact: true }).click();
  const chosen = page.getByRole('combobox', { name: 'Object model' }).or(page.getByRole('combobox', { name: 'Pose model' }));
  await chosen.filter({ hasText: `Default (${name})` }).first().waitFor();
}

async function refused(page: Page, dir: string): Promise<void> {
  const requests: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/')) requests.push(request.url());
  });
  const file = join(dir, 'notes.txt');
  if (!existsSync(file)) writeFileSync(file, 'notes');
  await choose(page, file);
  await page.getByRole('alert').filter({ hasText: 'MP4, MOV' }).waitFor();
  const empty = join(dir, 'empty.mp4');
  writeFileSync(empty, '');
  await choose(page, empty);
  await page.getByRole('alert').filter({ hasText: 'is empty' }).waitFor();
  assert.deepEqual(requests, []);
}
