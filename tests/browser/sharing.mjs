// From search to a key to the first row, at a desk and on a phone; then a request that is refused, and one that is late.
import { base, becomes, browser, check, password, person, pick, work } from './browser.mjs';

const { QUSHU_CODE, QUSHU_TITLE, QUSHU_LATE } = process.env;
const complaints = [];
async function done(one) {
  complaints.push(...one.complaints);
  await one.context.close();
}
const state = (page, text) => page.waitForFunction((t) => document.querySelector('[data-test=request-state]')?.textContent.includes(t), text);

async function ask(one, shot) {
  const { page } = one;
  await page.goto(`${base}/datasets?text=${encodeURIComponent(QUSHU_TITLE)}`);
  await page.locator(`[data-test="dataset-${QUSHU_CODE}"] a`, { hasText: QUSHU_TITLE }).first().click();
  await page.click('[data-test=ask]');
  await page.fill('[data-test=basis]', '《社会救助暂行办法》第二十八条');
  await page.fill('[data-test=scenario]', '医疗救助一站式结算');
  await page.locator('.field .el-checkbox').first().waitFor();
  for (const box of await page.locator('.field .el-checkbox').all()) await box.click();
  await page.fill('[data-test=purpose]', '核对救助对象身份');
  await page.click('[data-test=send]');
  // Names and telephones are personal: the purpose must be one of the list.
  await page.waitForSelector('[data-test=problem]');
  const seen = await page.waitForFunction(() => {
    const r = document.querySelector('[data-test=problem]').getBoundingClientRect();
    return r.top >= 52 && r.bottom <= innerHeight;
  });
  await becomes(() => seen.jsonValue(), 'what is wrong is before the eyes');
  await pick(page, 'named-purpose', '社会救助');
  await shot?.(page, 'asking');
  await page.click('[data-test=send]');
  await state(page, '待本部门审核');
  return page.url().split('/').at(-1);
}

// What is typed survives a session that ends and the way back; thrown away, it is gone.
{
  const one = await person('stranger');
  const { page } = one;
  const address = `${base}/sharing/requests/new?dataset=${QUSHU_CODE}`;
  await page.goto(address);
  await page.fill('[data-test=basis]', '依据已写好');
  await page.locator('.field .el-checkbox').first().click();
  await page.fill('[data-test=purpose]', '用途已写好');
  await page.fill('[data-test=scenario]', '场景已写好');
  await page.locator('.until input').fill('2020-01-01');
  await becomes(async () => (await page.locator('.until').innerText()).includes('不能早于') && (await page.locator('[data-test=send]').isDisabled()), 'a day that has passed');
  await page.locator('.until input').fill('2126-11-31');
  await becomes(async () => (await page.locator('.until').innerText()).includes('读不出') && (await page.locator('[data-test=send]').isDisabled()), 'a day that is none');
  await page.locator('.until input').fill('2126-11-30');
  await one.context.clearCookies();
  await page.click('[data-test=send]');
  await page.fill('[data-test=login]', 'stranger');
  await page.fill('[data-test=password]', password);
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=draft-restored]');
  const kept = () => page.locator('[data-test=basis]').inputValue();
  await becomes(async () => (await kept()) === '依据已写好' && (await page.locator('[data-test=purpose]').inputValue()) === '用途已写好' && (await page.locator('.until input').inputValue()) === '2126-11-30', 'what was typed is lost with the session');
  await page.click('nav a[href="/datasets"]');
  await page.waitForURL('**/datasets');
  await page.goBack();
  await page.waitForSelector('[data-test=draft-restored]');
  await becomes(async () => (await kept()) === '依据已写好', 'what was typed is lost by the way back');
  await page.screenshot({ path: `${work}/pictures/draft.png`, fullPage: true });
  await page.click('[data-test=draft-revert]');
  await becomes(async () => (await kept()) === '', 'thrown away');
  await done(one);
}

for (const [width, height] of [[1440, 900], [390, 844]]) {
  const shot = (page, name) => page.screenshot({ path: `${work}/pictures/${name}-${width}.png`, fullPage: true });
  const asker = await person('stranger', width, height);
  const id = await ask(asker, shot);

  const officer = await person('asking_officer', width, height);
  await officer.page.locator(`a[href="/sharing/requests/${id}"]`).first().click();
  await officer.page.click('[data-test=approve]');
  await state(officer.page, '待提供部门审核');
  await done(officer);

  const giver = await person('giving_officer', width, height);
  await giver.page.locator(`a[href="/sharing/requests/${id}"]`).first().click();
  await giver.page.waitForSelector('[data-test=grant]');
  await becomes(async () => (await giver.page.locator('[data-test=request-clock]').innerText()).includes('剩 10 个工作日'), 'the clock runs');
  await pick(giver.page, giver.page.locator('[data-test^=mask-]').nth(1), '留前 1 后 0 位');
  await giver.page.fill('[data-test=limit-daily_calls] input', '1000');
  await shot(giver.page, 'answering');
  await giver.page.click('[data-test=grant]');
  await state(giver.page, '已授权');

  // With the grant the rows are on the page of the dataset, the masked ones masked; what cannot be reached is asked for once more.
  const { page } = asker;
  await page.route('**/rows?*', (r) => r.abort());
  await page.goto(`${base}/datasets/${QUSHU_CODE}`);
  await page.locator('[data-test=problem-retry]').waitFor();
  asker.complaints.length = 0; // the browser's own word for what was cut off here
  await page.unroute('**/rows?*');
  await page.click('[data-test=problem-retry]');
  await page.locator('[data-test=rows] tbody tr').first().waitFor();
  await becomes(async () => /张\*+/.test(await page.locator('[data-test=rows]').innerText()), 'a person with a grant sees the rows');
  await becomes(async () => !(await page.locator('[data-test=problem]').count()), 'what came the second time is no problem any more');
  await shot(page, 'granted-rows');

  // The key, and the first row by it.
  await page.goto(`${base}/sharing/requests/${id}`);
  await page.locator('a[href^="/sharing/grants/"]').first().click();
  await page.waitForSelector('[data-test=grant-state]');
  await page.getByRole('tab', { name: '应用密钥' }).click();
  await page.click('[data-test=key-new]');
  await page.fill('[data-test=key-name]', '结算系统');
  await page.click('[data-test=key-make]');
  const secret = (await page.locator('[data-test=key-secret] pre').innerText()).trim();
  await shot(page, 'key');
  const answer = await fetch(`${base}/api/v1/datasets/${QUSHU_CODE}/rows?_size=1`, { headers: { Authorization: `Bearer ${secret}` } });
  const got = await answer.json();
  check(answer.status === 200 && Object.values(got.rows[0]).some((v) => /^张\*+$/.test(v)), JSON.stringify(got));
  await page.getByRole('tab', { name: '使用计量' }).click();
  await page.waitForFunction(() => document.querySelector('[data-test=usage]')?.textContent.includes('结算系统'));
  await shot(page, 'usage');
  await page.getByRole('tab', { name: '推送和订阅' }).click();
  await page.click('[data-test=hook-new]');
  await page.fill('[data-test=hook-url]', 'https://wjw.example.gov.cn/told');
  await page.click('[data-test=delivery-save]');
  await page.waitForSelector('[data-test=deliveries]');
  await shot(page, 'deliveries');

  // Suspended by the provider: the key is as good as gone; put right; ended; disposed of.
  const grant = new URL(page.url()).pathname;
  await giver.page.goto(base + grant);
  await giver.page.click('[data-test=suspend]');
  await giver.page.fill('[data-test=reason]', '核查使用情况');
  await giver.page.click('[data-test=move]');
  await giver.page.waitForFunction(() => document.querySelector('[data-test=grant-state]')?.textContent.includes('已暂停'));
  await becomes(async () => (await fetch(`${base}/api/v1/datasets/${QUSHU_CODE}/rows`, { headers: { Authorization: `Bearer ${secret}` } })).status === 404, 'suspended');
  await page.goto(base + grant + '?tab=records');
  await page.click('[data-test=record-rectification]');
  await page.fill('[data-test=record-text-process]', '已收回多余权限');
  await page.click('[data-test=record-save]');
  await page.waitForFunction(() => document.body.textContent.includes('已收回多余权限'));
  await shot(page, 'records');
  await giver.page.goto(base);
  await giver.page.locator(`a[href="${grant}"]`, { hasText: '' }).first().waitFor();
  await giver.page.goto(base + grant);
  await giver.page.click('[data-test=terminate]');
  await giver.page.fill('[data-test=reason]', '试毕');
  await giver.page.click('[data-test=move]');
  await giver.page.waitForFunction(() => document.querySelector('[data-test=grant-state]')?.textContent.includes('已终止'));

  // Refused, with the reasons.
  const other = await ask(asker);
  const again = await person('asking_officer', width, height);
  await again.page.goto(`${base}/sharing/requests/${other}`);
  await again.page.click('[data-test=approve]');
  await state(again.page, '待提供部门审核');
  await giver.page.goto(`${base}/sharing/requests/${other}`);
  await becomes(() => giver.page.locator('[data-test=refuse]').isDisabled(), 'a refusal states its reasons');
  await giver.page.locator('[data-test=text]').fill('法律不允许用于这个场景');
  await giver.page.click('[data-test=refuse]');
  await state(giver.page, '不予共享');
  await asker.page.goto(`${base}/sharing/requests/${other}`);
  await asker.page.waitForFunction(() => document.body.textContent.includes('法律不允许用于这个场景'));
  await shot(asker.page, 'refused');

  // Late: seen by the provider and by the data authority.
  await giver.page.goto(`${base}/sharing/requests/${QUSHU_LATE}`);
  await giver.page.waitForFunction(() => document.querySelector('[data-test=request-clock]')?.textContent.includes('逾期'));
  await shot(giver.page, 'late');
  const authority = await person('reviewer', width, height);
  await authority.page.locator(`a[href="/sharing/requests/${QUSHU_LATE}"]`).first().waitFor();
  await becomes(async () => (await authority.page.locator('main').innerText()).includes('逾期'), 'the authority sees that it is late');
  await shot(authority.page, 'authority');
  for (const one of [asker, giver, again, authority]) await done(one);
}

// The rules by level, kept by the security administrator; the marks of a file.
const keeper = await person('secadmin');
await keeper.page.goto(`${base}/sharing/rules`);
await keeper.page.waitForSelector('[data-test=rules]');
await pick(keeper.page, 'rule-4-file', '脱敏后');
await keeper.page.waitForFunction(() => document.querySelector('[data-test=rule-4-file]')?.textContent.includes('脱敏后'));
await keeper.page.goto(`${base}/sharing/watermarks`);
await keeper.page.setInputFiles('[data-test=watermark-file]', { name: 'own.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
await keeper.page.waitForFunction(() => document.body.textContent.includes('没有发现水印'));
await done(keeper);
check(!complaints.length, complaints.join('; '));
await browser.close();
console.log('ok: asked, granted, read by a key, suspended, refused and late at both widths');
