// The public portal with scripts switched off, at a desk and on a phone, in both languages, light and dark.
import { base, browser, check, work } from './browser.mjs';

for (const [width, height] of [[1440, 900], [390, 844]])
  for (const locale of ['zh-CN', 'en-GB']) {
    const context = await browser.newContext({ viewport: { width, height }, locale, javaScriptEnabled: false, colorScheme: locale === 'zh-CN' ? 'light' : 'dark' });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
    page.on('response', (r) => r.status() >= 400 && complaints.push(`${r.status()} ${r.url()}`));
    const at = async (name) => {
      await page.screenshot({ path: `${work}/pictures/${name}-${width}-${locale.slice(0, 2)}.png`, fullPage: true });
      const box = await page.locator('main').boundingBox();
      check(box && box.x >= 0 && box.x + box.width <= width + 1, `${name} at ${width}: the page is ${box?.width} wide`);
    };
    await page.goto(`${base}/open/`);
    await at('home');
    await page.fill('input[name=q]', '企业');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/open/datasets?q=**');
    await at('search');
    await page.locator('h2.item a').first().click();
    await page.waitForURL('**/open/dataset/*');
    await at('dataset');
    await page.selectOption('select[name=op]', 'contains');
    await page.selectOption('select[name=field]', { index: 1 });
    await page.fill('input[name=value]', '企业1');
    await page.locator('form:has(select[name=op]) button').click();
    await page.waitForURL('**value=**');
    check((await page.locator('caption').first().innerText()).includes('11'), 'eleven names hold “企业1”');
    for (const name of ['departments', 'themes', 'statistics', 'developers']) {
      await page.goto(`${base}/open/${name}`);
      await at(name);
    }
    check(!complaints.length, complaints.join('; '));
    await context.close();
  }
await browser.close();
console.log('ok: the portal without scripts');
