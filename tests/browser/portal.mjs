// The public portal with scripts switched off, at a desk and on a phone, in both languages, light and dark.
import { base, becomes, browser, check, person, work } from './browser.mjs';

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
    await becomes(async () => (await page.locator('caption').first().innerText()).includes('11'), 'eleven names hold “企业1”');
    await page.goto(`${base}/open/dataset/portal_places`);
    await becomes(async () => (await page.locator('svg.map circle').count()) > 5, 'the map has points');
    await at('map');
    await page.click('text=/报告错误|Report an error/');
    await at('report');
    // By keyboard alone, without a script.
    await page.goto(`${base}/open/ask`);
    await page.focus('textarea[name=wanted]');
    await page.keyboard.type('停车位');
    await page.keyboard.press('Tab');
    await page.keyboard.type('找车位');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
    const said = await page.locator('label:has(input[name=proof])').innerText();
    const words = ['一二三四五六七八九'.split(''), 'one two three four five six seven eight nine'.split(' ')];
    const numbers = [...said.matchAll(/[一二三四五六七八九]|one|two|three|four|five|six|seven|eight|nine/g)].slice(0, 2).map(([w]) => Math.max(words[0].indexOf(w), words[1].indexOf(w)) + 1);
    await page.keyboard.type(String(numbers[0] + numbers[1]));
    await at('ask');
    await page.waitForTimeout(3200);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/open/asked/*');
    await at('asked');
    for (const name of ['departments', 'themes', 'statistics', 'developers']) {
      await page.goto(`${base}/open/${name}`);
      await at(name);
    }
    check(!complaints.length, complaints.join('; '));
    await context.close();
  }

// What was asked is answered inside, and the answer is on the asker's page.
for (const [width, height] of [[390, 844], [1440, 900]]) {
  const { page, complaints, context } = await person('reviewer', width, height);
  await page.goto(`${base}/open-data?tab=asks`);
  await page.waitForSelector('[data-test=ask-1]');
  await becomes(async () => (await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 1, `too wide at ${width}`);
  await page.screenshot({ path: `${work}/pictures/asks-${width}.png` });
  await page.click('[data-test=ask-1]');
  await page.fill('[data-test=ask-text]', '下季度开放');
  await page.screenshot({ path: `${work}/pictures/answer-${width}.png` });
  await page.click('[data-test=ask-accept]');
  await page.waitForSelector('[data-test=ask-text]', { state: 'detached' });
  await page.locator('[data-test=asks]', { hasText: '将予开放' }).waitFor();
  check(!complaints.length, complaints.join('; '));
  await context.close();
}
await browser.close();
console.log('ok: the portal without scripts');
