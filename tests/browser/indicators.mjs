// An indicator is defined with a mistake and mended while it is checked; a record makes it move; its evidence leads to the record
// and the record to its paper; at the end on a phone.
import { base, becomes, browser, check, person, pick, work } from './browser.mjs';

const yaml = `indicator: held_trainings
name: {zh: 已开展培训, en: Trainings held}
group: {zh: 培训, en: Training}
unit: {zh: 次, en: times}
direction: higher
target: 2
weight: 5
period: month
evidence:
  rows: |
    SELECT a.id, a.number, a.name, a.planned_on
    FROM register_activities a, period
    WHERE a.kind = 'training' AND a.planned_on BETWEEN first_day AND as_of
  value: count(*)
`;
const shot = (page, name) => page.screenshot({ path: `${work}/pictures/${name}.png`, fullPage: true });
const text = async (page, where) => (await page.locator(where).first().innerText()).trim();
const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

const { page, complaints } = await person('operator');
await page.click('nav a[href="/indicators"]');
await page.waitForSelector('[data-test=indicators]');
await shot(page, 'list');
await page.click('[data-test=new-indicator]');
await page.locator('[data-test=yaml]').fill(yaml.replace('a.kind', 'a.sort'));
await page.waitForSelector('[data-test=mistakes]');
await becomes(async () => (await text(page, '[data-test=mistakes]')).includes('第 9 行'), 'the mistake has no line');
await shot(page, 'mistakes');
await page.locator('[data-test=yaml]').fill(yaml);
await page.waitForSelector('[data-test=trial]');
// What is not applied yet outlives a page that is left, and a reload.
await page.locator('[data-test=trial] input').fill('培训归科室统计');
await page.click('nav a[href="/datasets"]');
await page.waitForURL('**/datasets');
await page.goto(`${base}/indicators/new`);
await page.waitForSelector('[data-test=draft-restored]');
await page.reload();
await page.waitForSelector('[data-test=trial]');
await becomes(async () => (await page.locator('[data-test=yaml]').inputValue()) === yaml && (await page.locator('[data-test=trial] input').inputValue()) === '培训归科室统计', 'a definition that was typed is lost');
await shot(page, 'draft');
await becomes(async () => (await text(page, '[data-test=trial]')).includes('无证据'), 'nothing was recorded, and yet there is a figure');
await page.click('[data-test=apply]');
await page.waitForURL('**/indicators/held_trainings');
await page.goto(`${base}/indicators/new`);
await page.waitForFunction(() => document.querySelector('[data-test=yaml]')?.value.includes('my_indicator'));
await becomes(async () => (await page.locator('[data-test=draft-restored]').count()) === 0, 'what was applied is still a draft');

// A record, with a paper.
await page.goto(`${base}/registers/activities/new`);
await page.locator('[data-test=field-name] input').fill('数据安全培训');
await pick(page, page.locator('[data-test=field-kind] .el-select__wrapper'), '业务培训');
await page.locator('[data-test=field-planned_on] input').fill(today);
await page.click('[data-test=record-save]');
await page.waitForURL('**/registers/activities/records/**');
const record = page.url();

// The figure moves, opens to its evidence, and that to the record.
await page.goto(`${base}/indicators/held_trainings`);
await page.click('[data-test=compute]');
await page.waitForFunction(() => document.querySelector('[data-test=value]')?.textContent?.includes('1 次'));
await becomes(async () => (await text(page, '[data-test=light]')) === '偏离', 'one of two is not on target');
await page.waitForSelector('[data-test=evidence] [data-test=to-record]');
await shot(page, 'figure');
await page.click('[data-test=to-record]');
await page.waitForURL((url) => record.startsWith(url.href.split('?')[0]));
await page.waitForSelector('text=数据安全培训');
check(!complaints.length, complaints.join('; '));

// Who may not see the record sees the figure alone.
const phone = await person('reader', 390, 844);
await phone.page.goto(`${base}/indicators/held_trainings`);
await phone.page.waitForSelector('[data-test=value]');
await becomes(async () => (await text(phone.page, '[data-test=value]')).includes('1 次'), 'the figure is for everybody');
await becomes(async () => (await phone.page.locator('[data-test=compute]').count()) === 0, 'a reader does not compute');
const over = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
check(over <= 1, `${over} px too wide`);
await shot(phone.page, 'phone');
await browser.close();
console.log('ok');
