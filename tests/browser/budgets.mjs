// A budget in a browser: entered, an identity broken and mended as it is typed, submitted, approved by a second person, printed, published, spent from.
import { base, becomes, browser, check, person, pick, work } from './browser.mjs';

const { page, complaints } = await person('budgeter');
await page.goto(`${base}/budgets`);
await page.click('[data-test=new-budget]');
await pick(page, 'budget-department', '民政局');
await page.fill('.el-dialog .el-input-number input', '2026');
await page.click('[data-test=make-budget]');
await page.waitForURL(/\/budgets\/[0-9a-z]{26}/);
const at = page.url().split('?')[0];
const total = (name, value) => page.fill(`[data-test=total-${name}]`, value);
const told = () => page.locator('[data-test=findings]').innerText();
const tab = (name) => page.locator('.el-tabs__item', { hasText: name }).first().click();
// A row of a section that is shown: its cells, in order.
async function row(section, values) {
  await page.locator(`[data-test=add-${section}]:visible`).last().click();
  const cells = page.locator(`[data-test=grid-${section}]:visible`).last().locator('tbody tr').last().locator('input, select');
  for (const [i, value] of values.entries()) {
    const cell = cells.nth(i);
    if ((await cell.evaluate((e) => e.tagName)) === 'SELECT') await cell.selectOption({ label: value });
    else await cell.fill(value);
  }
}
async function settled(words) {
  await page.waitForFunction((w) => document.querySelector('[data-test=findings]')?.textContent.includes(w), words);
}

// What cannot be read stays as it was typed, says what is expected, and nothing is saved until it is mended.
for (const wrong of ['一百', '12.3456789', '1e3', '2606.14.1']) {
  await total('income', wrong);
  await page.keyboard.press('Tab');
  await becomes(async () => (await page.inputValue('[data-test=total-income]')) === wrong, `${wrong} was replaced`);
  await becomes(async () => (await page.locator('.sums').innerText()).includes('应为数字'), `nothing was said of ${wrong}`);
  await becomes(() => page.locator('[data-test=save]').isDisabled(), `${wrong} can be saved`);
}
for (const [typed, kept] of [['１，２３４．５', '1,234.50'], ['2,606.14', '2,606.14']]) {
  await total('income', typed);
  await page.keyboard.press('Tab');
  await becomes(async () => (await page.inputValue('[data-test=total-income]')) === kept, async () => `${typed} became ${await page.inputValue('[data-test=total-income]')}`);
}
for (const [name, value] of [['income', '300'], ['expenditure', '300'], ['basic', '100'], ['personnel', '80'], ['office', '20'], ['project', '200']]) await total(name, value);
await page.reload();
await page.waitForSelector('[data-test=draft-restored]');
await becomes(async () => (await page.inputValue('[data-test=total-income]')) === '300.00', 'amounts that were entered are lost');
await settled('处不符');
await becomes(async () => (await told()).includes('各来源收入合计应等于收入总计'), 'nothing was said of the missing income');
await tab('收入');
await row('income', ['一般公共预算拨款收入', '三百']);
await becomes(async () => await page.locator('[data-test=unread]').isVisible() && await page.locator('[data-test=save]').isDisabled(), 'a cell that cannot be read can be saved');
const source = page.locator('[data-test=grid-income] tbody tr').last().locator('input').first();
await becomes(async () => (await source.inputValue()) === '三百', 'what was typed into a cell was replaced');
await source.fill('300');
await becomes(async () => (await page.locator('[data-test=unread]').count()) === 0, 'a mended cell is still marked');
await tab('支出');
await row('functions', ['2010350', '事业运行', '一般公共预算拨款收入', '100', '0']);
await row('functions', ['2010399', '其他支出', '一般公共预算拨款收入', '0', '200']);
await row('economics', ['30101', '基本工资', '人员经费', '80']);
await row('economics', ['30201', '办公费', '公用经费', '20']);
await row('economics', ['30213', '维修费', '项目支出', '200']);
await page.screenshot({ path: `${work}/pictures/budget-expenditure.png`, fullPage: true });
await tab('项目');
await page.click('[data-test=add-project]');
await page.fill('[data-test=project-name-0]', '网络运行经费');
await page.fill('[data-test=project-function-0]', '2010399');
await page.fill('[data-test=project-amount-0]', '200');
await row('details', ['链路年费', '350', '条', '0.5', '175', '合同']);
await row('funds', ['一般公共预算拨款收入', '200']);
for (const level of ['产出·数量', '效益·社会', '满意度']) await row('goals', [level, '指标', '90', '%', '台账']);
// The details come to 175, the project to 200.
await settled('明细合计应等于项目预算');
await page.screenshot({ path: `${work}/pictures/budget-broken.png`, fullPage: true });
await becomes(() => page.locator('[data-test=submit]').isDisabled(), 'what does not agree can be submitted');
await row('details', ['机房运维', '1', '项', '25', '25', '合同']);
await page.waitForFunction(() => !document.querySelector('[data-test=findings]')?.textContent.includes('明细合计应等于项目预算'));
// What is left is a warning, which is explained.
await settled('处提示');
await becomes(async () => !(await told()).includes('处不符'), () => told());
for (const input of await page.locator('.explain').all()) await input.fill('新项目，上年没有');
await page.click('[data-test=save]');
await page.waitForSelector('[data-test=submit]:not([disabled])');
await page.click('[data-test=submit]');
await page.click('[data-test=confirm]');
await page.waitForFunction(() => document.querySelector('[data-test=state]')?.textContent === '待审核');
await becomes(async () => (await page.locator('[data-test=approve]').count()) === 0, 'who entered it could approve it');

const second = await person('decider');
await second.page.goto(at);
await second.page.click('[data-test=approve]');
await second.page.fill('[data-test=comment] textarea, textarea[data-test=comment]', '同意');
await second.page.click('[data-test=confirm]');
await second.page.click('[data-test=publish]');
await second.page.waitForFunction(() => document.querySelector('[data-test=state]')?.textContent === '已公开');
const [pdf] = await Promise.all([second.page.waitForEvent('download'), second.page.click('[data-test=print-pdf]')]);
check(pdf.suggestedFilename().endsWith('.pdf'), pdf.suggestedFilename());
await pdf.saveAs(`${work}/budget.pdf`);

await page.goto(`${at}?tab=execution`);
await page.fill('[data-test=spend-office]', '5');
await page.click('[data-test=save-spent]');
await page.waitForFunction(() => document.querySelector('[data-test=execution]')?.textContent.includes('25.00%'));
// Beyond the budget only with an explanation; then it is told as that.
await page.fill('[data-test=spend-office]', '2x');
await becomes(() => page.locator('[data-test=save-spent]').isDisabled(), 'spending that cannot be read can be saved');
await page.fill('[data-test=spend-office]', '999999');
await becomes(() => page.locator('[data-test=save-spent]').isDisabled(), 'more than the budget can be spent without a word');
await page.fill('[data-test=spend-explanation]', '搬迁后的物业费');
await page.screenshot({ path: `${work}/pictures/budget-over.png`, fullPage: true });
await page.click('[data-test=save-spent]');
await page.waitForFunction(() => document.querySelector('[data-test=execution]')?.textContent.includes('超支'));
for (const [width, height] of [[1440, 900], [390, 844]]) {
  await page.setViewportSize({ width, height });
  for (const name of ['overview', 'income', 'expenditure', 'projects', 'execution', 'compare', 'history']) {
    await page.goto(`${at}?tab=${name}`);
    await page.waitForTimeout(500);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(over <= 1, `${name} at ${width}: ${over} px too wide`);
    await page.screenshot({ path: `${work}/pictures/budget-${name}-${width}.png`, fullPage: true });
  }
  await page.goto(`${base}/budgets`);
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${work}/pictures/budgets-${width}.png` });
}
check(!complaints.length && !second.complaints.length, [...complaints, ...second.complaints].join('; '));
await browser.close();
console.log('ok');
