import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The Chromium of the environment variable CHROMIUM or of the PATH; none is ever downloaded. */
export function launchChromium(): Promise<Browser> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path));
  const executablePath = process.env['CHROMIUM'] ?? found;
  if (executablePath === undefined) throw new Error('No Chromium: install it or name it in CHROMIUM');
  return chromium.launch({ executablePath, args: ARGS });
}

/** What the page complains about: console errors and uncaught exceptions, as they come. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) heard.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => heard.push(String(error)));
  return heard;
}

export async function percentOf(page: Page, bar: 'Analysis' | 'Upload'): Promise<number | undefined> {
  const values = await page.getByRole('progressbar', { name: bar }).evaluateAll((bars) => bars.map((item) => item.getAttribute('aria-valuenow')));
  return values[0] == null ? undefined : Number(values[0]);
}

/** The playlist of a video, as long as there is nothing in it. */
const NOT_YET = /status of 404 .*\/hls\/index\.m3u8$/;

/** Chromium writes every refused request to the console; `allowed` is for a test that provokes one. */
export async function inPage(browser: Browser, origin: string, run: (page: Page) => Promise<void>, allowed = /^$/): Promise<void> {
  const context = await browser.newContext({ acceptDownloads: true, viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const heard = complaints(page);
    const answer = await page.goto(origin);
    assert.equal(answer?.status(), 200, 'the server does not serve the web app at /');
    await run(page);
    const errors = heard.filter((line) => !allowed.test(line) && !NOT_YET.test(line));
    assert.deepEqual(errors, [], 'the console has errors');
  } finally {
    await context.close();
  }
}

export async function choose(page: Page, file: string): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(file);
}
