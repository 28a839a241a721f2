// Harvesting another catalogue, on the page: named, harvested, looked into; on a phone too.
import { base, becomes, browser, check, person, pick, work } from './browser.mjs';

const { page, complaints } = await person('steward');
await page.goto(`${base}/harvests`);
await page.waitForSelector('text=采集第一个目录');
await page.screenshot({ path: `${work}/pictures/empty.png` });
await page.click('[data-test=harvest-new]');
await pick(page, 'harvest-kind', 'DCAT');
await page.fill('[data-test=harvest-address]', `${process.env.QUSHU_THERE}/catalog.ttl`);
await page.fill('[data-test=harvest-title]', '邻区目录');
await page.fill('[data-test=harvest-code]', 'Wrong Code');
await page.click('[data-test=harvest-save]');
await page.waitForSelector('[data-test=problem]');
await page.screenshot({ path: `${work}/pictures/dialog.png` });
await page.fill('[data-test=harvest-code]', 'near');
await page.click('[data-test=harvest-save]');
await page.waitForSelector('[data-test=harvests] >> text=邻区目录');
await page.click('[data-test=harvest-run]');
await page.waitForSelector('text=新增 2');
await page.click('[data-test=harvests] >> text=邻区目录');
await page.waitForSelector('[data-test=harvest-entries] >> text=邻区企业');
for (const [width, height] of [[1440, 900], [390, 844]]) {
  await page.setViewportSize({ width, height });
  await page.waitForTimeout(400);
  await becomes(async () => (await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 1, `too wide at ${width}`);
  await page.screenshot({ path: `${work}/pictures/harvest-${width}.png`, fullPage: true });
}
await page.setViewportSize({ width: 1440, height: 900 });
await page.click('[data-test=harvest-entries] >> text=邻区企业');
await page.waitForSelector('h1 >> text=邻区企业');
check(!complaints.length, complaints.join('; '));
await browser.close();
console.log('ok: a catalogue is harvested');
