import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { choose, launchChromium } from './chromium';
import { FakeServer } from './fakeServer';
import { pictures, testVideo } from './testVideo';
import { VIEWS } from './views';

const TRUNCATED = { code: 'VIDEO_TRUNCATED', detail: 'The video ends early: 412 of about 500 frames could be read. The result has these.' };

/** Pictures of every state of the page, into the folder that is named (default: screenshots). */
export async function main([folder = 'screenshots']: string[]): Promise<number> {
  const out = resolve(folder);
  mkdirSync(out, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), 'sightline-screenshots-'));
  const video = testVideo(dir);
  // Pictures show one name, whatever the video is; a file on the disk keeps its time over a reload.
  const path = join(dir, 'people_walking_street_720p.mp4');
  copyFileSync(video, path);
  const webDir = resolve(import.meta.dirname, '../dist');
  const fake = await FakeServer.start({ webDir, pictures: pictures(video, join(dir, 'pictures')), frames: 412, stepMs: 60 });
  const browser = await launchChromium();
  for (const { name, ...view } of VIEWS) {
    const page = await browser.newPage(view);
    const shot = (state: string) => page.screenshot({ path: join(out, `${name}-${state}.png`), fullPage: true });
    await page.goto(fake.origin);
    await shot('1-idle');
    await page.getByText('Options', { exact: true }).click();
    await page.locator('input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
    await shot('2-refused');
    await page.getByText('Models', { exact: true }).click();
    await page.getByText('road_damage').last().waitFor();
    await shot('2-options-and-models');
    await page.getByRole('button', { name: /Choose a video/ }).focus();

    // The last chunk waits, so that the upload is seen under way.
    fake.faults = { chunks: { 3: ['hang'] } };
    await choose(page, path);
    await page.locator('.stage img').waitFor();
    await page.waitForTimeout(900);
    await shot('3-running');
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    fake.faults = { chunks: { 3: [503] }, retryAfter: '60' };
    await choose(page, path);
    await page.getByText('Trying again…').waitFor();
    await page.locator('.stage img').waitFor();
    await shot('3-resumed-and-held');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await shot('4-cancelled');

    fake.faults = { totalUnknown: true };
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.stage img').waitFor();
    await page.waitForTimeout(700);
    await shot('5-percent-unknown');
    await page.locator('video').waitFor();
    await page.getByRole('button', { name: 'Analyse another' }).click();

    fake.faults = { warnings: [TRUNCATED] };
    await choose(page, path);
    await page.locator('video').waitFor();
    await page.waitForTimeout(1500);
    await shot('6-complete');
    await page.getByRole('button', { name: 'Analyse another' }).click();

    fake.faults = { error: { code: 'DECODER_TIMEOUT', request_id: '4f1c7a90d2b84e63', detail: 'The decoder made no progress for 20 seconds. The video may be damaged; try to convert it first.' } };
    await choose(page, path);
    await page.getByRole('alert').waitFor();
    await shot('7-failed');
    await page.close();
  }
  await browser.close();
  await fake.stop();
  rmSync(dir, { recursive: true, force: true });
  console.log(out);
  return 0;
}
