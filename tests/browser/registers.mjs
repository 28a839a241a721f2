// A register is defined, a record is worked through its states by two people, a sheet is imported; at the end on a phone.
import { writeFileSync } from 'node:fs';
import { base, becomes, browser, check, person, says, work } from './browser.mjs';

const yaml = `register: pickup
name: {zh: 设备领用, en: Pick-ups}
number: LY-{year}-{seq:3}
fields:
  - {name: item, label: {zh: 设备, en: Device}, type: text, required: true}
  - {name: price, label: {zh: 单价, en: Price}, type: money, min: 0}
  - {name: count, label: {zh: 数量, en: Count}, type: number, initial: "1"}
  - {name: total, label: {zh: 总价, en: Total}, type: computed, as: money, formula: price * count}
  - {name: keeper, label: {zh: 保管人, en: Keeper}, type: person, required: true}
  - {name: back, label: {zh: 归还日期, en: Returned on}, type: date}
  - {name: photo, label: {zh: 照片, en: Photo}, type: attachment}
states:
  - {name: out, label: {zh: 领用中, en: Out}, deadline: 3}
  - {name: done, label: {zh: 已归还, en: Returned}, final: true, locked: true}
transitions:
  - {name: return, label: {zh: 归还, en: Return}, from: [out], to: done, who: ["field:keeper"], require: [back], comment: true, notify: [own]}
permissions: {see: [own, department, "field:keeper"], create: [everyone], edit: [own]}
`;
const shot = (page, name) => page.screenshot({ path: `${work}/pictures/${name}.png`, fullPage: true });
const text = async (page, where) => (await page.locator(where).first().innerText()).trim();

// The operator defines it: first with a mistake.
const operator = await person('operator');
let page = operator.page;
await page.click('nav a[href="/registers"]');
await page.click('[data-test=new-register]');
await page.locator('[data-test=yaml]').fill(yaml.replace('type: money', 'type: cash'));
await page.click('[data-test=check]');
await page.waitForSelector('[data-test=mistakes]');
await becomes(async () => (await text(page, '[data-test=mistakes]')).includes('第 6 行'), 'the mistake has no line');
await shot(page, 'mistakes');
await page.locator('[data-test=yaml]').fill(yaml);
await page.reload();
await page.waitForSelector('[data-test=draft-restored]');
await becomes(async () => (await page.locator('[data-test=yaml]').inputValue()) === yaml, 'a definition that was typed is lost');
await page.click('[data-test=check]');
await page.waitForSelector('[data-test=plan]');
await page.click('[data-test=apply]');
await page.waitForURL('**/registers/pickup');
// It is changed in two windows: the lines that differ are shown, and one of the two is chosen.
{
  const changed = (label) => yaml.replace('zh: 设备领用,', `zh: ${label},`);
  await page.goto(`${base}/registers/pickup/definition`);
  await page.locator('[data-test=yaml]').fill(changed('设备借用'));
  const other = await operator.context.newPage();
  await other.goto(`${base}/registers/pickup/definition`);
  await other.locator('[data-test=yaml]').fill(yaml.replace('deadline: 3', 'deadline: 4'));
  await other.click('[data-test=check]');
  await other.click('[data-test=apply]');
  await other.waitForSelector('[data-test=plan]', { state: 'detached' });
  await becomes(async () => (await other.locator('[data-test=draft-restored], [data-test=draft-clashes], [data-test=draft-merged]').count()) === 0, 'what was applied is still a draft');
  await other.close();
  await page.reload();
  await page.waitForSelector('[data-test=clash-yaml]');
  const clash = () => text(page, '[data-test=clash-yaml]');
  await says(clash, '设备借用', 'deadline: 4');
  await becomes(async () => !(await clash()).includes('permissions'), clash);
  await shot(page, 'definition-clash');
  await page.click('[data-test=clash-yaml] [data-test=take-theirs]');
  await becomes(async () => (await page.locator('[data-test=yaml]').inputValue()).includes('deadline: 4'), 'theirs was chosen');
}

// A clerk enters a record; what is wrong is shown at its field, what was typed stays.
const reader = await person('reader');
page = reader.page;
await page.goto(`${base}/registers/pickup`);
await page.locator('[data-test=record-new]').click();
await page.locator('[data-test=field-item] input').fill('投影仪');
await page.locator('[data-test=field-price] input').fill('一千');
await page.click('[data-test=record-save]');
await page.waitForSelector('[data-test=field-price].wrong');
await shot(page, 'wrong');
await page.reload();
await becomes(async () => (await page.locator('[data-test=field-item] input').inputValue()) === '投影仪', 'what was typed is lost');
await page.locator('[data-test=field-price] input').fill('1250.5');
await page.locator('[data-test=field-count] input').fill('2');
await page.locator('[data-test=field-keeper] input').click();
await page.locator('[data-test=field-keeper] input').pressSequentially('steward');
await page.locator('.el-select-dropdown__item:visible', { hasText: '民政局数据管理员' }).click();
await page.locator('.el-select-dropdown__item:visible').first().waitFor({ state: 'hidden' }).catch(() => page.keyboard.press('Escape')); // a list that came late
await shot(page, 'edit');
await page.click('[data-test=record-save]');
await page.waitForURL('**/records/*');
await page.waitForSelector('[data-test=value-total]');
await becomes(async () => (await text(page, '[data-test=value-total]')) === '2,501.00', async () => `the total is ${await text(page, '[data-test=value-total]')}`);
await page.getByRole('tab', { name: '附件' }).click();
writeFileSync(`${work}/机身.jpg`, 'picture');
await page.setInputFiles('[data-test=attach-photo]', `${work}/机身.jpg`);
await page.waitForSelector('[data-test=files-photo]');
await shot(page, 'files');
// An opinion that is not sent is still there.
await page.getByRole('tab', { name: '意见' }).click();
await page.locator('[data-test=comment-text]').fill('尚缺发票');
await page.reload();
await page.waitForSelector('[data-test=comment-text]');
await becomes(async () => (await page.locator('[data-test=comment-text]').inputValue()) === '尚缺发票', 'an opinion that was typed is lost');
await page.click('[data-test=comment-send]');
await page.waitForFunction(() => document.querySelector('[data-test=comment-text]')?.value === '');

// A day that is none is not taken for another one: it stays, is told, and nothing is sent.
const record = page.url().split('?')[0];
await page.goto(`${record}/edit`);
await page.locator('[data-test=field-price] input').fill('1300');
await page.locator('[data-test=field-back] input').fill('2026-02-30');
await page.keyboard.press('Tab');
let sent = 0;
page.on('request', (r) => r.method() === 'PATCH' && sent++);
await page.click('[data-test=record-save]');
await page.waitForSelector('[data-test=problem]');
await becomes(async () => (await page.locator('[data-test=field-back] input').inputValue()) === '2026-02-30' && !sent, 'the 30th of February was taken');
await says(() => text(page, '[data-test=field-back]'), '读不出“2026-02-30”');
await shot(page, 'no-such-day');
await page.locator('[data-test=field-back] input').fill('');
// Meanwhile the price is changed in another window; both are shown, one is chosen, what else was typed stays.
const second = await reader.context.newPage();
await second.goto(`${record}/edit`);
await second.locator('[data-test=field-price] input').fill('1400');
await second.click('[data-test=record-save]');
await second.waitForURL((url) => !url.pathname.endsWith('/edit'));
await second.close();
await page.locator('[data-test=field-count] input').fill('3');
await page.click('[data-test=record-save]');
await page.waitForSelector('[data-test=clash-price]');
await says(() => text(page, '[data-test=clash-price]'), '1,300', '1,400');
await becomes(() => page.locator('[data-test=record-save]').isDisabled(), 'it is chosen before it is saved');
await shot(page, 'clash');
await page.locator('[data-test=clash-price] [data-test=take-theirs]').click();
await becomes(async () => (await page.locator('[data-test=field-price] input').inputValue()).startsWith('1400'), 'theirs was chosen');
await becomes(async () => (await page.locator('[data-test=field-count] input').inputValue()) === '3', 'what only one side changed stays');
await page.click('[data-test=record-save]');
await page.waitForURL((url) => !url.pathname.endsWith('/edit'));
await page.waitForFunction(() => document.querySelector('[data-test=value-total]')?.textContent.includes('4,200'));

// By its number it is found from every page; so is the page of its register, by name.
const number = (await page.locator('main').innerText()).match(/LY-\d{4}-\d{3}/)[0];
await page.fill('[data-test=top-search]', number);
await page.keyboard.press('Enter');
await page.locator('[data-test=found-pickup] a', { hasText: '投影仪' }).waitFor();
await page.fill('[data-test=top-search]', '设备领用');
await page.keyboard.press('Enter');
await page.locator('[data-test=found-registers] a', { hasText: '设备领用' }).waitFor();

// A sheet: first with a wrong row.
await page.goto(`${base}/registers/pickup`);
await page.click('[data-test=import]');
writeFileSync(`${work}/wrong.csv`, '设备,单价,保管人\n音箱,300,steward\n话筒,三百,steward\n');
await page.setInputFiles('[data-test=import-file]', `${work}/wrong.csv`);
await page.waitForSelector('[data-test=import-answer]');
await becomes(async () => (await text(page, '[data-test=import-answer]')).includes('什么都没有导入'), 'the wrong row is not told');
await shot(page, 'import');
writeFileSync(`${work}/good.csv`, '设备,单价,保管人\n音箱,300,steward\n话筒,280,steward\n');
await page.setInputFiles('[data-test=import-file]', `${work}/good.csv`);
await page.locator('[data-test=import-take]:not(.is-disabled)').click();
await page.waitForFunction(() => document.querySelectorAll('[data-test=records] tbody tr').length === 3);
// Two at once; the day that is missing is told for each.
const boxes = page.locator('[data-test=records] tbody .el-checkbox');
await boxes.nth(0).click();
await boxes.nth(1).click();
await page.waitForSelector('[data-test=bulk-return]');
await shot(page, 'bulk');
await page.click('[data-test=bulk-return]');
await page.waitForSelector('[data-test=bulk-confirm]');
await page.click('[data-test=bulk-confirm]');
await page.waitForSelector('[data-test=bulk-failed]');
await becomes(async () => (await page.locator('[data-test=bulk-failed] li').count()) === 2, 'what could not be moved is not told');
await page.keyboard.press('Escape');
await page.waitForTimeout(400);
await page.locator('[data-test=record-search]').fill('投影');
await page.waitForFunction(() => document.querySelectorAll('[data-test=records] tbody tr').length === 1);
await shot(page, 'list');
const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=export]').then(() => page.click('[data-test=export-xlsx]'))]);
check(download.suggestedFilename() === '设备领用.xlsx', download.suggestedFilename());

// The keeper finds it among what waits for her, and returns it, on a phone.
const steward = await person('steward', 390, 844);
page = steward.page;
await page.goto(`${base}/registers`);
await page.waitForSelector('[data-test=tasks]');
await shot(page, 'tasks-phone');
await page.locator('[data-test=tasks] a', { hasText: '投影仪' }).click();
await page.click('[data-test=move-return]');
await page.waitForSelector('[data-test=move-comment]');
await page.click('[data-test=move-confirm]');
await page.waitForSelector('.el-dialog [data-test=problem]');
await page.locator('[data-test=ask-back] input').fill('2026-11-26');
await page.keyboard.press('Tab');
await page.locator('[data-test=move-comment]').fill('完好');
await page.waitForTimeout(400);
await shot(page, 'move-phone');
await page.click('[data-test=move-confirm]');
await page.waitForFunction(() => document.querySelector('[data-test=record-state]')?.textContent?.includes('已归还'));
await page.getByRole('tab', { name: '历史' }).click();
await says(() => text(page, '[data-test=record-history]'), '归还', '完好', '新建');
await shot(page, 'history-phone');

// Who entered it is told; the record is printed, and stands in the calendar of both.
page = reader.page;
await page.goto(base);
await page.waitForSelector('[data-test=notices]');
await becomes(async () => (await text(page, '[data-test=notices]')).includes('投影仪：归还'), 'who entered it was not told');
await page.locator('[data-test=notices] a', { hasText: '投影仪' }).click();
await page.click('[data-test=record-print]');
await page.waitForSelector('[data-test=print-form]');
const [form] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=print-form]')]);
check(form.suggestedFilename().startsWith('设备领用 LY-') && form.suggestedFilename().endsWith('.pdf'), form.suggestedFilename());
await form.saveAs(`${work}/form.pdf`);
await page.goto(`${base}/registers/pickup`);
await page.click('[data-test=print]');
await page.waitForSelector('[data-test=print-pdf]');
const [paper] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=print-pdf]')]);
await paper.saveAs(`${work}/list.pdf`);
await page.click('[data-test=calendar]');
await page.goto(`${base}/registers/pickup/calendar?month=2026-11`);
await page.waitForSelector('[data-test=month-grid] .entry');
await becomes(async () => (await text(page, '[data-test=month-grid]')).includes('投影仪'), 'the day it came back is not in the calendar');
await shot(page, 'calendar');
await page.click('[data-test=month-next]');
await page.waitForFunction(() => document.querySelector('[data-test=month]')?.textContent?.includes('12 月'));
await page.goto(`${base}/my-calendar?month=2026-11`);
await page.waitForSelector('[data-test=month-grid] .entry');
await page.click('[data-test=subscribe]');
await page.click('[data-test=feed-make]');
await page.waitForSelector('[data-test=feed-address]');
const feed = await text(page, '[data-test=feed-address]');
await shot(page, 'subscribe');
await becomes(async () => (await (await fetch(feed)).text()).includes('投影仪'), 'the address does not show the day');
page = steward.page;
await page.goto(`${base}/my-calendar?month=2026-11`);
await page.waitForSelector('[data-test=agenda-day], [data-test=earlier]');
if (await page.locator('[data-test=earlier]').count()) await page.click('[data-test=earlier]');
await page.waitForSelector('[data-test=agenda-day]');
await becomes(async () => (await text(page, '[data-test=agenda-day]')).includes('投影仪'), 'the keeper has no agenda');
await shot(page, 'agenda-phone');

for (const one of [operator, reader, steward]) check(one.complaints.length === 0, one.complaints.join('\n'));
await browser.close();
console.log('ok');
