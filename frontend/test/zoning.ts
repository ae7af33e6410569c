import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { choose } from './chromium';

const PATIENCE_MS = Number(process.env['SIGHTLINE_TEST_TIMEOUT_MS'] ?? 300_000);

/** A zone with the pointer and a line with the keyboard, drawn on the first frame; their numbers are in the result. */
export async function zoning(page: Page, video: string, shot: (name: string) => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  await page.getByText('Options', { exact: true }).click();
  await page.getByLabel(/Count in zones/).check();
  await choose(page, video);
  const sketch = page.getByRole('application', { name: 'Zones and lines on the first frame' });
  await sketch.waitFor();
  const start = page.getByRole('button', { name: /^Start/ });
  await page.getByRole('button', { name: 'Draw a zone' }).click();
  assert.ok(await start.isDisabled(), 'it can be started in the middle of drawing');
  /** The page scrolls to what is used. */
  const at = async (x: number, y: number) => {
    const box = await sketch.boundingBox();
    assert.ok(box !== null && box.width > 100 && box.height > 50, `the picture has no size: ${JSON.stringify(box)}`);
    return [box.x + x * box.width, box.y + y * box.height] as const;
  };
  for (const [x, y] of [[0.1, 0.4], [0.6, 0.4], [0.7, 0.8]] as const) await page.mouse.click(...(await at(x, y)));
  await shot('1-drawing');
  await page.mouse.dblclick(...(await at(0.1, 0.8)));
  await page.getByLabel('Name of zone 1').fill('Front');

  // Its last corner is dragged, and a line is drawn without a pointer.
  const corner = page.getByRole('button', { name: 'Point 4 of Front' });
  await corner.scrollIntoViewIfNeeded();
  await page.mouse.move(...(await at(0.1, 0.8)));
  await page.mouse.down();
  await page.mouse.move(...(await at(0.2, 0.7)), { steps: 4 });
  await page.mouse.up();
  assert.match((await corner.getAttribute('aria-label')) ?? '', /20 % from the left, 70 % from the top/);
  await page.getByRole('button', { name: 'Draw a line' }).press('Enter');
  await page.keyboard.press('Enter');
  const end = page.getByRole('button', { name: 'Point 2 of Line 1' });
  for (let step = 0; step < 4; step += 1) await end.press('Shift+ArrowRight');
  assert.match((await end.getAttribute('aria-label')) ?? '', /90 % from the left/);

  await page.getByLabel('Name of line 2').fill('Front');
  assert.equal(await page.getByRole('alert').first().innerText(), 'Another one has this name');
  assert.ok(await start.isDisabled(), 'two have one name');
  await page.getByLabel('Name of line 2').fill('Gate');
  await shot('2-drawn');

  await start.click();
  await page.getByTestId('zones').waitFor({ timeout: PATIENCE_MS });
  await shot('3-running');
  await page.getByRole('link', { name: 'Download video' }).waitFor({ timeout: PATIENCE_MS });
  const numbers = await page.getByTestId('zones').innerText();
  assert.match(numbers, /Front\s+\d+ visitors?/);
  assert.match(numbers, /Gate\s+\d+ in · \d+ out/);
  assert.equal(await page.locator('.files a', { hasText: 'Zone events' }).count(), 1);
  await shot('4-result');

  // What was drawn is there for the next video.
  await page.getByRole('button', { name: 'Analyse another' }).click();
  await choose(page, video);
  await sketch.waitFor();
  assert.equal(await page.getByLabel('Name of zone 1').inputValue(), 'Front');
}
