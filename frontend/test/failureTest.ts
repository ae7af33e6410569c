import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { complaints, launchChromium } from './chromium';
import { FakeServer } from './fakeServer';
import type { Faults } from './fakeSession';
import { Tally } from './tally';
import { smallTestVideo, testVideo } from './testVideo';

/** The built web app in a real browser against the fake server, which does what a real one cannot be asked to do. */
export async function main(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-failure-test-'));
  const video = testVideo(dir);
  const browser = await launchChromium();
  const tally = new Tally();

  const check = (name: string, faults: Faults, run: (page: Page, fake: FakeServer, heard: string[]) => Promise<void>) =>
    tally.check(name, async () => {
      const fake = await FakeServer.start({ webDir: resolve(import.meta.dirname, '../dist'), faults });
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      page.setDefaultTimeout(15_000);
      const heard = complaints(page);
      try {
        await page.clock.install();
        await page.goto(fake.origin);
        await run(page, fake, heard);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'wider than a phone');
        assert.deepEqual(heard.filter((line) => !/Failed to load resource/.test(line)), []);
      } finally {
        await page.close();
        await fake.stop();
      }
    });
  const choose = (page: Page, file = video) => page.locator('input[type=file]').setInputFiles(file);
  const done = (page: Page) => page.getByRole('link', { name: 'Download video' }).waitFor();
  /** Lets the page's time pass quickly until something is there. */
  const hurry = async (page: Page, until: () => Promise<boolean>) => {
    for (let step = 0; step < 200; step += 1) {
      if (await until()) return;
      await page.clock.runFor(2000);
      // The network's time does not pass more quickly: without a pause all connections would seem silent.
      await new Promise((later) => setTimeout(later, 100));
    }
    assert.fail('it never came');
  };
  const hurryToResult = (page: Page) => hurry(page, async () => (await page.getByRole('link', { name: 'Download video' }).count()) > 0);
  const sent = (fake: FakeServer, index: string) => fake.chunkRequests.filter((chunk) => chunk['chunk_index'] === index).length;

  await check('a chunk that fails twice is sent a third time', { chunks: { 1: [500, 503] } }, async (page, fake) => {
    await choose(page);
    await hurry(page, () => Promise.resolve(sent(fake, '1') >= 3));
    await done(page);
    assert.equal(sent(fake, '1'), 3);
  });

  await check('a chunk without an answer is sent again after 30 s', { chunks: { 1: ['hang'] } }, async (page, fake) => {
    await choose(page);
    await page.locator('.stage img').waitFor();
    assert.equal(sent(fake, '1'), 1);
    // The page's clock also goes on by itself.
    await page.clock.runFor(15_000);
    assert.equal(sent(fake, '1'), 1, 'the time-out came too early');
    await hurry(page, () => Promise.resolve(sent(fake, '1') >= 2));
    await done(page);
  });

  await check('a refusal ends the upload with the server’s sentence', { chunks: { 0: [413] } }, async (page) => {
    await choose(page);
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.innerText(), 'The fake refuses chunk 0 with 413.');
    assert.match(await page.locator('.error-code').innerText(), /FAKE_413/);
  });

  const detail = 'FFmpeg made no progress for 20 seconds.';
  await check('an error event is shown, and another try can succeed', { error: { detail, code: 'DECODER_TIMEOUT' } }, async (page, fake) => {
    await choose(page);
    await page.getByRole('alert').filter({ hasText: detail }).waitFor();
    assert.match(await page.title(), /^Failed/);
    fake.faults = {};
    await page.getByRole('button', { name: 'Try again' }).click();
    await done(page);
  });

  await check('a lost event connection is resumed', { chunks: { 3: ['hang'] } }, async (page, fake) => {
    await choose(page);
    await page.locator('.stage img').waitFor();
    for (const session of fake.sessions.values()) session.cutReaders();
    await hurryToResult(page);
    const [session] = fake.sessions.values();
    assert.equal(session?.lastEventIds.length, 2);
    assert.match(session.lastEventIds[1] ?? '', /^\d+$/);
  });

  await check('a server that is gone is said in clear words', { chunks: { 3: Array<'hang'>(9).fill('hang') } }, async (page, fake) => {
    await choose(page);
    await page.locator('.stage img').waitFor();
    await fake.stop();
    await hurry(page, async () => (await page.getByRole('alert').count()) > 0);
    await page.getByRole('heading', { name: 'The connection failed' }).waitFor();
    assert.match(await page.getByRole('alert').innerText(), /can’t be reached/);
    await page.getByRole('button', { name: 'Try again' }).waitFor();
  });

  await check('a small video whose connection breaks off is followed by its name', { cutEventsAfter: 2 }, async (page) => {
    await choose(page, smallTestVideo(dir));
    await hurryToResult(page);
  });

  await check('a small video that is cancelled is removed from the server', {}, async (page, fake) => {
    await choose(page, smallTestVideo(dir));
    const removed = page.waitForRequest((request) => request.method() === 'DELETE');
    await page.locator('.stage img').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await removed;
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
    assert.deepEqual(fake.deleted, [...fake.sessions.keys()]);
  });

  await check('an upload that the server has lost begins anew and says so', { losesSessions: 1, chunks: { 3: ['hang'] } }, async (page) => {
    await choose(page);
    await hurry(page, async () => (await page.getByText('The server no longer has what was sent before').count()) > 0);
    await hurryToResult(page);
  });

  const full = { chunks: { 0: [503], 1: [503], 2: [503], 3: [503] }, retryAfter: '60' };
  await check('a server that is full is waited for, in its own words', full, async (page, fake) => {
    await choose(page);
    await page.getByText(/The fake refuses chunk \d with 503. Trying again…/).waitFor();
    await page.clock.runFor(30_000);
    assert.equal(sent(fake, '0'), 1, 'it came back earlier than it was asked to');
    await hurryToResult(page);
  });

  await check('without a known length there is a bar without a value and a frame count', { totalUnknown: true, chunks: { 3: ['hang'] } }, async (page) => {
    await choose(page);
    await page.locator('.stage img').waitFor();
    assert.equal(await page.getByRole('progressbar', { name: 'Analysis' }).getAttribute('aria-valuenow'), null);
    await page.getByText(/^Frame \d+$/).waitFor();
    await hurryToResult(page);
  });

  await check('warnings are shown with their sentences', { warnings: [{ code: 'VIDEO_TRUNCATED', detail: 'The video ends early.' }] }, async (page) => {
    await choose(page);
    await page.getByText('The video ends early.').waitFor();
  });

  await check('a dropped file is taken, and the keyboard opens the chooser', {}, async (page) => {
    let choosers = 0;
    page.on('filechooser', () => (choosers += 1));
    // The first listener makes Playwright ask Chromium to report choosers, which is answered some time later.
    await page.locator('.drop-zone').focus();
    for (let attempt = 0; attempt < 20 && choosers === 0; attempt += 1) {
      await page.keyboard.press('Enter');
      await new Promise((later) => setTimeout(later, 250));
    }
    assert.ok(choosers > 0, 'Enter on the drop zone opens no file chooser');
    const bytes = readFileSync(smallTestVideo(dir)).toString('base64');
    const transfer = await page.evaluateHandle((base64) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], 'dropped.mp4'));
      return data;
    }, bytes);
    await page.locator('.drop-zone').dispatchEvent('drop', { dataTransfer: transfer });
    await page.getByRole('heading', { name: 'dropped.mp4' }).waitFor();
    await done(page);
  });

  await check('the options are sent', {}, async (page, fake) => {
    await page.getByText('Options', { exact: true }).click();
    await page.getByLabel('Confidence').fill('0.6');
    await page.getByLabel('Persons with a pose').fill('0');
    await page.getByLabel('Debug overlay').check();
    await choose(page);
    await done(page);
    const { confidence, max_poses, debug } = fake.chunkRequests[0] ?? {};
    assert.deepEqual({ confidence, max_poses, debug }, { confidence: '0.6', max_poses: '0', debug: 'true' });
  });

  await browser.close();
  rmSync(dir, { recursive: true, force: true });
  return tally.close();
}
