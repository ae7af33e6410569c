import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { complaints, launchChromium } from './chromium';
import { VIEWS } from './views';

/** Pictures of the API's page of a running server: docsShots.ts ORIGIN [FOLDER]. Fails if the page complains. */
export async function main([origin = 'http://127.0.0.1:8080', folder = 'screenshots']: string[]): Promise<number> {
  const out = resolve(folder);
  mkdirSync(out, { recursive: true });
  const browser = await launchChromium();
  const heard: string[] = [];
  for (const { name, ...view } of VIEWS) {
    const page = await browser.newPage(view);
    const complained = complaints(page);
    await page.goto(`${origin}/docs`);
    await page.locator('#uploadChunk').waitFor();
    await page.screenshot({ path: join(out, `${name}-docs-1-top.png`) });
    await page.goto(`${origin}/docs#uploadChunk`);
    await page.locator('#uploadChunk summary').first().click();
    await page.locator('#uploadChunk').screenshot({ path: join(out, `${name}-docs-2-form.png`) });
    await page.locator('#streamProgress').screenshot({ path: join(out, `${name}-docs-3-events.png`) });
    await page.locator('#schema-Complete').screenshot({ path: join(out, `${name}-docs-4-schema.png`) });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    heard.push(...complained, ...(wider > 0 ? [`${name}: ${wider} px wider than the window`] : []));
    await page.close();
  }
  await browser.close();
  console.log([out, ...heard].join('\n'));
  return heard.length === 0 ? 0 : 1;
}
