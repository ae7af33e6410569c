import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { choose, complaints, launchChromium } from './chromium';
import { Line } from './line';
import { ServerProcess } from './serverProcess';
import { testVideo } from './testVideo';
import { VIEWS } from './views';

/** Pictures of what only a real server has: the video that is watched while it is made, and all results. */
export async function main([folder = 'screenshots']: string[]): Promise<number> {
  const out = resolve(folder);
  mkdirSync(out, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), 'sightline-result-shots-'));
  const server = await ServerProcess.start(join(dir, 'data'), () => undefined);
  const line = await Line.to(server.origin, {});
  const browser = await launchChromium();
  const heard: string[] = [];
  for (const { name, ...view } of VIEWS) {
    const page = await browser.newPage(view);
    page.setDefaultTimeout(120_000);
    const complained = complaints(page);
    const shot = (state: string) => page.screenshot({ path: join(out, `${name}-${state}.png`), fullPage: true });
    const wide = async (state: string) => {
      const pixels = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (pixels > 0) heard.push(`${name}, ${state}: ${pixels} px wider than the window`);
    };
    await page.goto(line.origin);
    // The last chunk waits, so that the analysis is seen under way.
    line.allow(3);
    await choose(page, testVideo(dir));
    await page.locator('.stage img').waitFor();
    await shot('8-not-yet-watchable');
    await page.getByRole('button', { name: 'Watch' }).click();
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 1.5);
    await shot('8-watching');
    await wide('watching');
    line.allow(Infinity);
    await page.getByRole('link', { name: 'Download video' }).waitFor();
    await page.locator('.timeline img').evaluate((image: HTMLImageElement) => image.decode());
    await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 2);
    const strip = page.getByRole('slider', { name: 'Position in the video' });
    for (const [place, share] of [['left', 0.01], ['middle', 0.6], ['right', 0.995]] as const) {
      const box = await strip.boundingBox();
      await strip.hover({ position: { x: (box?.width ?? 0) * share, y: 10 } });
      await page.waitForTimeout(500);
      await shot(`9-result-${place}`);
    }
    await wide('result');
    heard.push(...complained.filter((text) => !text.includes('index.m3u8')));
    await page.close();
  }
  await browser.close();
  line.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
  console.log([out, ...heard].join('\n'));
  return heard.length === 0 ? 0 : 1;
}
