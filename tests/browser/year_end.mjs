// Year end in a browser: lights of execution beside goals, a self-evaluation drawn from evidence and completed, approved by a second person, printed, packed and checked.
import { writeFileSync } from 'node:fs';
import { base, becomes, browser, check, person, pick, says, work } from './browser.mjs';

const { page, complaints } = await person('budgeter');
await page.goto(`${base}/year-end`);
await page.waitForSelector('[data-test=line-P1]');
await becomes(async () => (await page.locator('[data-test=line-P1]').innerText()).includes('滞后'), 'nothing was spent, and it is not late');
await becomes(async () => (await page.locator('[data-test=line-P1]').innerText()).includes('租用线路'), 'the goals are not beside the money');
await page.locator('.el-tabs__item', { hasText: '自评' }).click();
await page.click('[data-test=new-evaluation]');
await pick(page, 'evaluation-project', '网络系统运行经费');
await page.click('[data-test=make-evaluation]');
await page.waitForURL(/\/year-end\/evaluations\/[0-9a-z]{26}/);
const at = page.url().split('?')[0];
const told = () => page.locator('[data-test=problems]').innerText();
await page.waitForSelector('[data-test=problems]');
await says(told, '“租用线路”没有证据');
await becomes(async () => (await page.locator('[data-test=actual-0]').innerText()) === '无证据', 'no evidence is shown as something');
await becomes(() => page.locator('[data-test=submit]').isDisabled(), 'what is not complete can be submitted');
await page.screenshot({ path: `${work}/pictures/evaluation-draft.png`, fullPage: true });

// A weight that does not add up is told at once and by the server.
await page.fill('[data-test=weight-0]', '20');
await becomes(async () => (await page.locator('[data-test=weights]').innerText()) === '60.00', 'the sum of the weights does not follow');
await page.fill('[data-test=reached]', '全年安全稳定运行');
await page.fill('[data-test=funds-cause]', '合同未到付款期');
await page.fill('[data-test=funds-remedy]', '年底前付清');
for (const [i, value] of [[0, '350'], [1, '92'], [2, '85']]) {
  await page.fill(`[data-test=hand-${i}]`, value);
  await page.fill(`[data-test=hand-reason-${i}]`, '按合同和测评报告填写');
  await page.fill(`[data-test=cause-${i}]`, '个别线路中断');
  await page.fill(`[data-test=remedy-${i}]`, '增加备用线路');
}
await page.reload();
await page.waitForSelector('[data-test=draft-restored]');
await becomes(async () => (await page.inputValue('[data-test=reached]')) === '全年安全稳定运行' && (await page.inputValue('[data-test=hand-reason-2]')) === '按合同和测评报告填写', 'what was typed into the form is lost');
await page.click('[data-test=save]');
await page.waitForFunction(() => document.querySelector('[data-test=problems]')?.textContent.includes('指标分值合计应为 90.00'));
await page.fill('[data-test=weight-0]', '50');
writeFileSync(`${work}/合同.txt`, '合同');
for (const i of [0, 1, 2]) {
  const answered = page.waitForResponse((r) => r.url().includes('/files') && r.request().method() === 'POST');
  await page.setInputFiles(`[data-test=file-${i}]`, `${work}/合同.txt`);
  await becomes(async () => (await answered).status() === 201, 'a file was not taken');
  await page.waitForFunction((n) => document.querySelector(`[data-test=item-${n}]`)?.textContent.includes('合同.txt'), i);
}
await page.waitForSelector('[data-test=submit]:not([disabled])');
await becomes(async () => (await page.locator('[data-test=grade]').innerText()) !== '', 'there is no grade');
await page.click('[data-test=submit]');
await page.click('[data-test=confirm]');
await page.waitForFunction(() => document.querySelector('[data-test=state]')?.textContent === '待审核');
await becomes(async () => (await page.locator('[data-test=approve]').count()) === 0, 'who entered it could approve it');

const second = await person('decider');
await second.page.goto(at);
await second.page.click('[data-test=approve]');
await second.page.fill('[data-test=comment] textarea, textarea[data-test=comment]', '同意');
await second.page.click('[data-test=confirm]');
await second.page.waitForFunction(() => document.querySelector('[data-test=state]')?.textContent === '已审定');
const [pdf] = await Promise.all([second.page.waitForEvent('download'), second.page.click('[data-test=print-pdf]')]);
await pdf.saveAs(`${work}/evaluation.pdf`);
const [zip] = await Promise.all([second.page.waitForEvent('download'), second.page.click('[data-test=archive]')]);
check(zip.suggestedFilename().endsWith('.zip'), zip.suggestedFilename());
await zip.saveAs(`${work}/evaluation.zip`);
await second.page.goto(`${base}/year-end?tab=evaluations`);
await second.page.setInputFiles('[data-test=verify]', `${work}/evaluation.zip`);
await second.page.waitForFunction(() => document.querySelector('[data-test=verdict]')?.textContent.includes('完全一致'));
await second.page.goto(at);
await second.page.click('[data-test=history]');
await second.page.waitForSelector('[data-test=steps]');

await page.goto(at);
for (const [width, height] of [[1440, 900], [390, 844]]) {
  await page.setViewportSize({ width, height });
  for (const [name, path] of [['monitoring', `${base}/year-end`], ['evaluations', `${base}/year-end?tab=evaluations`], ['evaluation', at]]) {
    await page.goto(path);
    await page.waitForTimeout(600);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(over <= 1, `${name} at ${width}: ${over} px too wide`);
    await page.screenshot({ path: `${work}/pictures/${name}-${width}.png`, fullPage: true });
  }
}
check(!complaints.length && !second.complaints.length, [...complaints, ...second.complaints].join('; '));
await browser.close();
console.log('ok');
