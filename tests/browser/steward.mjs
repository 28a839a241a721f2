// What a steward does: signs in, drops a GBK file with broken rows, corrects one type, publishes, finds it by search, filters it,
// charts it. And a second person, who may not see it, does not.
import { readFileSync } from 'node:fs';
import { base, becomes, browser, check, person, pick, says, work } from './browser.mjs';

const { page, complaints } = await person('steward');
const text = (test) => page.locator(`[data-test=${test}]`).innerText();

await page.click('[data-test=home-import]');
// Dropped, as with the mouse: a DataTransfer that holds the file.
const bytes = [...readFileSync(`${work}/养老服务机构.csv`)];
const transfer = await page.evaluateHandle(([data, name]) => {
  const t = new DataTransfer();
  t.items.add(new File([new Uint8Array(data)], name));
  return t;
}, [bytes, '养老服务机构.csv']);
await page.waitForSelector('[data-test=file-input]', { state: 'attached' });
await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
await page.waitForSelector('[data-test=columns] td');
await page.waitForFunction(() => document.querySelector('[data-test=import-state]')?.textContent?.includes('待发布') || document.querySelector('[data-test=publish]'));
await becomes(async () => (await text('rejected')) === '3', async () => `rejected: ${await text('rejected')}`);
await says(() => text('misfits'), '2020-02-30', '九百万', '51');
await page.screenshot({ path: `${work}/pictures/import.png`, fullPage: true });

// The number of beds is a code here: it becomes text, and everything is counted again.
await pick(page, 'column-type-5', '文本');
await page.waitForFunction(() => document.querySelector('[data-test=column-type-5]')?.textContent?.includes('文本'));
await page.waitForSelector('[data-test=publish]:not([disabled])');
await page.fill('[data-test=entry-title]', '养老服务机构名录');
await page.click('[data-test=publish]');
await page.waitForSelector('[data-test=open-dataset]', { timeout: 30000 });

// Found by search.
await page.goto(`${base}/datasets`);
await page.fill('[data-test=search]', '养老');
await page.keyboard.press('Enter');
const found = page.locator('[data-test^=dataset-]', { hasText: '养老服务机构名录' }).first();
await found.waitFor().catch(async (e) => { await page.screenshot({ path: `${work}/pictures/failed.png` }); throw e; });
await page.screenshot({ path: `${work}/pictures/catalogue.png` });
await found.getByRole('link').first().click();

// Filtered.
await page.waitForSelector('[data-test=rows] tbody tr');
await says(() => text('total'), '197');
await page.click('[data-test=filter-add]');
await pick(page, 'filter-field', '机构名称');
await pick(page, 'filter-op', '包含');
await page.fill('[data-test=filter-value]', '第7养老');
await page.click('[data-test=filter-apply]');
await page.waitForFunction(() => document.querySelectorAll('[data-test=rows] tbody tr').length === 1);
await says(() => text('rows'), '000007');

// Its history, and the rejected rows with their reasons.
await page.click('[data-test=tab-history]');
await page.waitForSelector('[data-test=versions] td');
await page.click('[data-test=rejects-1]');
await page.waitForSelector('[data-test=rejects] td');
await says(() => text('rejects'), '2020-02-30', '不是日期');
await page.keyboard.press('Escape');

// Charted.
await page.goto(`${page.url().split('?')[0]}?tab=chart`);
await page.waitForSelector('[data-test=chart-draw]');
await pick(page, 'chart-group', '街道代码');
await page.click('[data-test=chart-draw]');
await page.waitForSelector('[data-test=chart-canvas] canvas');
const painted = await page.evaluate(async () => {
  await new Promise((r) => setTimeout(r, 1200));
  const c = document.querySelector('[data-test=chart-canvas] canvas');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  const colours = new Set();
  for (let i = 0; i < d.length; i += 40) colours.add(`${d[i]},${d[i + 1]},${d[i + 2]}`);
  return colours.size;
});
check(painted > 3, `the chart has ${painted} colours`);
await page.screenshot({ path: `${work}/pictures/chart.png` });

// SQL with her own words.
await page.goto(`${base}/sql`);
await page.waitForSelector('.cm-content');
await page.click('.cm-content');
await page.keyboard.press('Control+A');
await page.keyboard.insertText('SELECT "街道代码", count(*) AS "机构数" FROM "养老服务机构名录" GROUP BY 1 ORDER BY 1');
await page.click('[data-test=sql-run]');
await page.waitForSelector('[data-test=sql-result] td');
await says(() => text('sql-result'), '01');

// She is told what is wrong in Chinese.
await page.click('.cm-content');
await page.keyboard.press('Control+A');
await page.keyboard.insertText('SELECT * FROM 没有这张表');
await page.click('[data-test=sql-run]');
await page.waitForSelector('[data-test=problem]');
await becomes(async () => /[\u4e00-\u9fff]/.test(await text('problem')), () => text('problem'));

// Someone of another department does not find it, nor reach it by its address.
const code = await (async () => {
  const answer = await page.request.get(`${base}/api/v1/datasets?text=${encodeURIComponent('养老服务机构名录')}`);
  return (await answer.json()).datasets[0].code;
})();
const other = await person('stranger');
await other.page.goto(`${base}/datasets`);
await other.page.waitForSelector('[data-test=search]');
await other.page.fill('[data-test=search]', '养老');
await other.page.keyboard.press('Enter');
await other.page.waitForSelector('[data-test=empty]');
await other.page.goto(`${base}/datasets/${code}`);
await other.page.waitForSelector('[data-test=problem], [data-test=empty]');
await becomes(async () => !(await other.page.content()).includes('养老服务机构名录'), 'a stranger sees the title');

check(complaints.length === 0, complaints.join('\n'));
check(other.complaints.length === 0, other.complaints.join('\n'));
await browser.close();
console.log('ok');
