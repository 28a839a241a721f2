// A dataset is proposed for release in the console, approved by another person, and withdrawn, at a desk and on a phone.
import { base, becomes, browser, check, person, pick, work } from './browser.mjs';

const { QUSHU_TITLE, QUSHU_CODE } = process.env;
for (const [width, height] of [[1440, 900], [390, 844]]) {
  const steward = await person('steward', width, height);
  const shot = (page, name) => page.screenshot({ path: `${work}/pictures/${name}-${width}.png` });
  await steward.page.goto(`${base}/open-data`);
  await steward.page.click('[data-test=release-new]');
  await pick(steward.page, 'release-dataset', QUSHU_TITLE);
  await steward.page.waitForSelector('[data-test=release-check]');
  await becomes(async () => !(await steward.page.locator('[data-test="open-联系电话"] input').isChecked()), 'what names people is not chosen');
  await shot(steward.page, 'check');
  await steward.page.click('[data-test=release-try]');
  await steward.page.waitForSelector('[data-test=release-verdict]');
  await becomes(async () => (await steward.page.locator('[data-test=release-verdict]').innerText()).includes('未通过'), 'dates and streets narrow people down');
  await steward.page.fill('[data-test=release-firm]', '登记的是企业');
  await steward.page.click('[data-test=release-try]');
  await steward.page.waitForFunction(() => document.querySelector('[data-test=release-verdict]')?.textContent.trim() === '通过');
  await steward.page.locator('[data-test=release-propose]').scrollIntoViewIfNeeded();
  await shot(steward.page, 'proposal');
  await steward.page.click('[data-test=release-propose]');
  await steward.page.waitForSelector(`[data-test=release-${QUSHU_CODE}]`);

  const reviewer = await person('reviewer', width, height);
  await reviewer.page.locator('a', { hasText: QUSHU_TITLE }).first().click();
  await reviewer.page.waitForSelector('[data-test=release-approve]');
  await shot(reviewer.page, 'decide');
  await reviewer.page.click('[data-test=release-approve]');
  await reviewer.page.waitForFunction(() => document.querySelector('[data-test=releases]')?.textContent.includes('已开放'));
  await shot(reviewer.page, 'open');
  await reviewer.page.locator(`[data-test=release-${QUSHU_CODE}]`).first().click();
  await reviewer.page.click('[data-test=release-withdraw]');
  await reviewer.page.waitForSelector('[data-test=problem]');
  await reviewer.page.fill('[data-test=release-comment]', '试完了');
  await reviewer.page.click('[data-test=release-withdraw]');
  await reviewer.page.waitForFunction(() => document.querySelector('[data-test=releases]')?.textContent.includes('已撤回'));
  for (const one of [steward, reviewer]) {
    check(!one.complaints.length, one.complaints.join('; '));
    await one.context.close();
  }
}
await browser.close();
console.log('ok: released and withdrawn at both widths');
