// A published document is dropped, its findings lead to their lines and back, at a desk and on a phone.
import { readFileSync } from 'node:fs';
import { base, becomes, browser, check, person, work } from './browser.mjs';

const { QUSHU_DOCUMENT, QUSHU_SOUND } = process.env;
for (const [width, height] of [[1440, 900], [390, 844]]) {
  const { page, complaints, context } = await person('reader', width, height);
  const shot = (name) => page.screenshot({ path: `${work}/pictures/${name}-${width}.png` });
  if (width > 1000) {
    await page.locator('nav').getByText('文件核对').click();
    await page.waitForURL('**/budget/check');
  } else {
    await page.goto(`${base}/budget/check`);
  }
  await page.waitForSelector('[data-test=empty]');
  await becomes(async () => (await page.locator('[data-test=empty]').innerText()).includes('选择文件'), 'the empty page says what to do first');
  await shot('empty');

  // Dropped, as people do it.
  const bytes = readFileSync(QUSHU_DOCUMENT).toString('base64');
  const transfer = await page.evaluateHandle((data) => {
    const out = new DataTransfer();
    out.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], '某单位预算公开.txt', { type: 'text/plain' }));
    return out;
  }, bytes);
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
  await page.waitForSelector('[data-test=finding]');
  const findings = page.locator('[data-test=finding]');
  await becomes(async () => (await findings.count()) >= 2, async () => `${await findings.count()} findings`);
  await shot('findings');

  // Each finding leads to its places: the line is in sight and lit, and so are the others.
  for (let i = 0; i < (await findings.count()); i++) {
    const places = findings.nth(i).locator('[data-test=place]');
    for (let k = 0; k < (await places.count()); k++) {
      const words = await places.nth(k).innerText();
      const line = Number(/第 (\d+) 行/.exec(words)[1]);
      await places.nth(k).click();
      await page.waitForFunction((n) => {
        const pane = document.querySelector('[data-test=check-document]').getBoundingClientRect();
        const box = document.querySelector(`[data-line="${n}"]`).getBoundingClientRect();
        return box.top >= Math.max(pane.top, 0) - 1 && box.bottom <= Math.min(pane.bottom, innerHeight) + 1;
      }, line);
      await becomes(async () => (await page.locator(`[data-line="${line}"].lit.here mark`).count()) === 1, `line ${line} is lit`);
    }
  }
  await findings.first().click();
  await shot('chosen');
  // And a line leads back to its finding.
  const first = Number(await page.locator('.line.lit').first().getAttribute('data-line'));
  await page.locator(`[data-line="${first}"]`).click();
  await becomes(async () => (await page.locator('[data-test=finding].on').count()) === 1, 'the finding of a line is chosen');
  await becomes(async () => (await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'nothing sticks out sideways');

  await page.click('[data-test=check-another]');
  await page.setInputFiles('[data-test=check-file]', QUSHU_SOUND);
  await page.waitForSelector('[data-test=check-findings]');
  await becomes(async () => (await page.locator('[data-test=check-findings]').innerText()).includes('没有发现疑点'), 'a sound document has no findings');
  await shot('sound');
  await page.click('[data-test=check-another]');
  await page.setInputFiles('[data-test=check-file]', { name: '图片.png', mimeType: 'image/png', buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1, 2, 3, 4]) });
  await page.waitForSelector('[data-test=problem]');
  await becomes(async () => (await page.locator('[data-test=problem]').innerText()).includes('PDF'), 'what can be checked is told');
  check(complaints.length === 0, complaints.join('\n'));
  await context.close();
}
await browser.close();
console.log('ok');
