// A survey is put together in the form, opened, answered on a phone without scripts, and its results are looked at; then the board
// and the wall.
import { readFileSync } from 'node:fs';
import { base, becomes, browser, check, person, pick, work } from './browser.mjs';

const shot = (page, name) => page.screenshot({ path: `${work}/pictures/${name}.png`, fullPage: true });

// --- put together -----------------------------------------------------------------------------------------------------------------
const { page, complaints } = await person('operator');
await page.click('nav a[href="/surveys"]');
await page.waitForSelector('[data-test=surveys]');
await shot(page, 'surveys');
await page.click('[data-test=new-survey]');
await page.fill('input[data-test=code], [data-test=code] input', 'canteen');
await page.locator('input[data-test=name], [data-test=name] input').first().fill('食堂满意度调查');
await page.click('[data-test=add-question]');
const second = page.locator('[data-test=question-edit]').nth(1);
await second.locator('input[data-test=title], [data-test=title] input').first().fill('您常在哪里用餐');
await pick(page, second.locator('[data-test=type]'), '单选');
await second.locator('input[data-test=option], [data-test=option] input').nth(0).fill('一楼');
await second.locator('input[data-test=option], [data-test=option] input').nth(1).fill('二楼');
await page.waitForSelector('[data-test=apply]');
// A question that is half written is there again, as a form, when the page is opened again.
await page.click('[data-test=add-question]');
await page.reload();
await page.waitForSelector('[data-test=draft-restored]');
await becomes(async () => (await page.locator('[data-test=question-edit]').count()) === 3, 'questions that were typed are lost');
await becomes(async () => (await second.locator('input[data-test=title], [data-test=title] input').first().inputValue()) === '您常在哪里用餐', 'the text of a question is lost');
await shot(page, 'draft');
await page.locator('[data-test=question-edit]').nth(2).getByLabel('删除题目').click();
await page.waitForSelector('[data-test=apply]');
await shot(page, 'builder');
await page.click('[data-test=apply]');
await page.waitForURL('**/surveys/canteen');
// What is in use is changed in the form, and thrown away.
await page.goto(`${base}/surveys/canteen/edit`);
await page.locator('input[data-test=name], [data-test=name] input').first().fill('食堂意见');
await page.waitForSelector('[data-test=apply]');
await page.reload();
await page.waitForSelector('[data-test=draft-restored]');
await becomes(async () => (await page.locator('input[data-test=name], [data-test=name] input').first().inputValue()) === '食堂意见', 'a name that was typed is lost');
await page.click('[data-test=draft-revert]');
await becomes(async () => (await page.locator('input[data-test=name], [data-test=name] input').first().inputValue()) === '食堂满意度调查', 'it was not thrown away');
await page.reload();
await page.waitForSelector('[data-test=question-edit]');
await becomes(async () => (await page.locator('[data-test=draft-restored]').count()) === 0, 'what was thrown away is back');
await page.goto(`${base}/surveys/canteen`);
await page.click('[data-test=open]');
await page.waitForFunction(() => document.querySelector('[data-test=phase]')?.textContent === '进行中');
await page.click('[data-test=invite]');
await page.waitForSelector('[data-test=links-csv]');
await shot(page, 'invite');
const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=links-csv]')]);
const links = readFileSync(await file.path(), 'utf8').trim().split(/\r?\n/).slice(1);
check(links.length === 50, `${links.length} links`);

// --- answered on a phone that runs no scripts -----------------------------------------------------------------------------------------
const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN', javaScriptEnabled: false, hasTouch: true, isMobile: true });
const answer = await phone.newPage();
const flaws = [];
const fits = async (where) => {
  const { over, small } = await answer.evaluate(() => ({ over: document.documentElement.scrollWidth - innerWidth, small: [...document.querySelectorAll('label, button')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().left >= 0 && e.getBoundingClientRect().height < 40 && !e.closest('.question')).length }));
  if (over > 1) flaws.push(`${where}: ${over} px too wide`);
  if (small) flaws.push(`${where}: ${small} targets are too small`);
};
const at = (link) => base + new URL(link).pathname;
await answer.goto(at(links[0]));
await fits('the form');
await shot(answer, 'phone-form');
await answer.check('input[name=q_q2][value=b]');
await answer.click('button');
await becomes(async () => (await answer.textContent('#problems')).includes('需要修改'), 'no problem is told');
await becomes(() => answer.isChecked('input[name=q_q2][value=b]'), 'what was chosen is lost');
await fits('the form with problems');
await shot(answer, 'phone-problems');
for (const [n, link] of links.slice(0, 12).entries()) {
  await answer.goto(at(link));
  await answer.check(`input[name=q_overall][value="${n < 9 ? 5 : 2}"]`);
  await answer.check(`input[name=q_q2][value=${n % 2 ? 'a' : 'b'}]`);
  await answer.click('button');
  await becomes(async () => (await answer.textContent('h1')) === '谢谢您', 'no thanks');
}
await fits('thanks');
await shot(answer, 'phone-thanks');
await answer.goto(at(links[0]));
await becomes(async () => (await answer.textContent('h1')) === '已经答过', 'the link works twice');
await shot(answer, 'phone-used');
check(!flaws.length, flaws.join('\n'));

// --- results ------------------------------------------------------------------------------------------------------------------------
await page.click('[data-test=close]');
await page.locator('.el-message-box__btns button', { hasText: '结束' }).click();
await page.waitForSelector('[data-test=question]');
await becomes(async () => (await page.locator('[data-test=satisfied]').first().textContent()) === '75%', 'the share of the satisfied');
await becomes(async () => (await page.textContent('[data-test=facts]')).includes('24%'), 'the response rate');
await page.waitForTimeout(800);
await shot(page, 'results');
await page.setViewportSize({ width: 390, height: 844 });
await page.waitForTimeout(500);
await shot(page, 'results-390');
await page.setViewportSize({ width: 1440, height: 900 });

// --- her own board ------------------------------------------------------------------------------------------------------------------
await page.goto(`${base}/board`);
await page.waitForSelector('[data-test=empty]');
await page.click('[data-test=add-indicator]');
await pick(page, 'which', '网络服务满意度');
await page.click('[data-test=card-done]');
await page.waitForSelector('[data-test=card]');
await page.click('[data-test=add-sql]');
await page.locator('input[data-test=card-title], [data-test=card-title] input').fill('各选项的答复');
await page.locator('textarea[data-test=card-sql], [data-test=card-sql] textarea').fill("SELECT value__name, sum(answers) AS answers FROM survey_answers WHERE survey = 'canteen' AND question = 'q2' GROUP BY 1");
await page.click('[data-test=card-done]');
await page.waitForSelector('[data-test=card] canvas');
await page.click('[data-test=change]');
await Promise.all([page.waitForResponse((r) => r.request().method() === 'PUT' && r.ok()), page.locator('[data-test=forward]').nth(1).click()]);
await page.reload();
await page.waitForSelector('[data-test=card] canvas');
await becomes(async () => (await page.locator('[data-test=card] h2').first().textContent()) === '各选项的答复', 'the order is not kept');
await shot(page, 'board');

// --- put away, taken back, and removed with its answers ------------------------------------------------------------------------------
await page.goto(`${base}/surveys/canteen`);
await page.click('[data-test=archive]');
await page.waitForSelector('[data-test=is-archived]');
await page.goto(`${base}/surveys?archived=true`);
await page.waitForSelector('[data-test=surveys] a[href="/surveys/canteen"]');
await shot(page, 'archived');
await page.goto(`${base}/surveys/canteen`);
await page.waitForSelector('[data-test=is-archived]');
await page.click('[data-test=archive]');
await page.waitForSelector('[data-test=is-archived]', { state: 'detached' });
await page.click('[data-test=remove]');
await page.waitForSelector('.el-message-box');
await becomes(async () => /\d+ 份答卷/.test(await page.locator('.el-message-box').innerText()), 'it does not say how many answers go');
await page.waitForTimeout(300);
await shot(page, 'remove');
await page.click('.el-message-box .el-button--danger');
await page.waitForURL('**/surveys');
await page.waitForSelector('[data-test=surveys]');
await becomes(async () => (await page.locator('[data-test=surveys] a[href="/surveys/canteen"]').count()) === 0, 'the survey is still there');

// --- the wall -------------------------------------------------------------------------------------------------------------------------
await page.setViewportSize({ width: 1920, height: 1080 });
await page.goto(`${base}/wall`);
await page.waitForSelector('[data-test=wall-figure]');
await page.waitForFunction(() => document.querySelector('[data-test=live]')?.textContent?.startsWith('实时'));
await page.screenshot({ path: `${work}/pictures/wall.png` });
await becomes(async () => (await page.evaluate(() => document.documentElement.scrollHeight)) <= 1080, 'the wall does not fit its screen');
// A new figure comes without being asked for.
const before = await page.locator('[data-test=wall-figure]', { hasText: '党建' }).first().textContent();
const desk = (await person('operator')).page;
await desk.goto(`${base}/indicators/party_study`);
await desk.click('[data-test=compute]');
await page.waitForSelector('[data-test=wall-figure].fresh', { timeout: 20000 });
check(before !== null, 'party study is not on the wall');
// When the server does not answer it says as of when it shows, and goes on by itself.
await page.route('**/api/v1/indicators', (route) => route.abort());
await desk.click('[data-test=compute]');
await page.waitForSelector('[data-test=live].stale', { timeout: 20000 });
await becomes(async () => (await page.textContent('[data-test=live]')).includes('数据截至'), 'it does not say how old it is');
await page.screenshot({ path: `${work}/pictures/wall-stale.png` });
await page.unroute('**/api/v1/indicators');
await desk.click('[data-test=compute]');
await page.waitForFunction(() => document.querySelector('[data-test=live]')?.textContent?.startsWith('实时'));
complaints.splice(0, complaints.length, ...complaints.filter((c) => !c.includes('net::ERR_FAILED')));
check(!complaints.length, complaints.join('; '));
await browser.close();
console.log('ok');
