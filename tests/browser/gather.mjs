// From a department's database to a governed dataset, all by clicking: connect, preview, map, clean by SQL, schedule, run; the
// source changes, the run stops, is decided and goes on; lineage and score are there to see.
import { execFileSync } from 'node:child_process';
import { base, becomes, browser, check, person, pick, says, work } from './browser.mjs';

const { QUSHU_PSQL, QUSHU_DB_PORT, QUSHU_DB } = process.env;
const sql = (statement) => execFileSync(QUSHU_PSQL, ['-h', '127.0.0.1', '-p', QUSHU_DB_PORT, '-U', 'postgres', '-d', QUSHU_DB, '-qAtX', '-c', statement], { cwd: '/' });
const { page, complaints } = await person('steward');
const text = (test) => page.locator(`[data-test=${test}]`).first().innerText();
const shot = (name) => page.screenshot({ path: `${work}/pictures/${name}.png`, fullPage: true });
const until = (test, words) => page.waitForFunction(([a, b]) => document.querySelector(`[data-test=${a}]`)?.textContent?.includes(b), [test, words], { timeout: 60000 });
const forward = () => page.click('[data-test=forward]');

// Connected, and looked at before it is saved.
await page.goto(`${base}/sources`);
await page.click('[data-test=source-new]');
await page.fill('[data-test=source-name]', '登记业务库');
await page.fill('[data-test=source-code]', 'registry');
await page.fill('[data-test=field-host]', '127.0.0.1');
await page.fill('[data-test=field-port]', QUSHU_DB_PORT);
await page.fill('[data-test=field-database]', QUSHU_DB);
await page.fill('[data-test=field-user]', 'nobody_here');
await pick(page, 'field-tls', '优先加密');
await page.click('[data-test=source-try]');
await page.waitForSelector('[data-test=problem]');
await says(() => text('problem'), '用户名或口令');
await page.fill('[data-test=field-user]', 'postgres');
await page.click('[data-test=source-try]');
await until('source-told', 'PostgreSQL');
await until('source-offers', 'firm');
await page.locator('[data-test=source-offers] a', { hasText: 'firm' }).click();
await until('source-preview', '企业1');
await shot('source');
await page.click('[data-test=source-save]');
await until('sources', '登记业务库');

// A pipeline of it.
await page.locator('[data-test=sources] tr', { hasText: '登记业务库' }).getByText('建归集任务').click();
await page.waitForSelector('[data-test=source-table]');
await pick(page, 'source-table', 'firm');
await forward();
await page.waitForSelector('[data-test=mapping] tbody tr');
await says(() => text('mapping'), '企业1');
await page.fill('[data-test=item-1]', '企业名称');
await page.locator('[data-test=key-0]').click();
// The mapping as it stands now is what the steps work on.
await page.click('[data-test=step-add]');
await page.fill('[data-test=step-sql]', "SELECT * EXCLUDE (state), CASE state WHEN '1' THEN '存续' ELSE '注销' END AS state FROM inputs");
await page.click('[data-test=step-try]');
await page.locator('[data-test=steps] [data-test=problem]').waitFor();
await becomes(async () => (await page.locator('[data-test=steps]').innerText()).includes('inputs'), 'the wrong name is told');
await shot('step-wrong');
await page.fill('[data-test=step-sql]', "SELECT * EXCLUDE (state), CASE state WHEN '1' THEN '存续' ELSE '注销' END AS state FROM input");
await page.click('[data-test=step-try]');
await until('steps', '存续');
await shot('mapping');
// What was set so far is there again after a reload, and after another page.
await page.reload();
await page.waitForSelector('[data-test=draft-restored]');
await page.click('nav a[href="/jobs"]');
await page.waitForURL('**/jobs');
await page.goBack();
await page.waitForSelector('[data-test=draft-restored]');
await page.waitForSelector('[data-test=mapping] tbody tr');
await becomes(async () => (await page.locator('[data-test=item-1]').inputValue()) === '企业名称' && (await page.locator('[data-test=step-sql]').inputValue()).includes('存续'), 'the pipeline that was begun is lost');
await shot('draft');
await forward();
await page.waitForSelector('[data-test=mode]');
await page.locator('[data-test=mode]').getByText('按主键更新').click();
await page.fill('[data-test=dataset] input, input[data-test=dataset]', 'registered_firms');
await shot('mode');
await forward();
await page.click('[data-test=schedule-add]');
await page.locator('.el-dropdown-menu__item:visible', { hasText: '工作日 08:00' }).click();
await page.waitForFunction(() => document.body.innerText.includes('接下来'));
await shot('schedule');
await forward();
await page.fill('[data-test=title]', '登记企业归集');
await page.fill('[data-test=code]', 'registered_firms');
await page.click('[data-test=save]');

// Run.
await page.waitForSelector('[data-test=pipeline-run]');
await page.click('[data-test=pipeline-run]');
await until('runs', '成功');
await says(() => text('runs'), '300');
await shot('pipeline');

// The department changes its table: nothing is published before somebody has said what is to become of it.
sql('ALTER TABLE firm RENAME COLUMN name TO name_cn; ALTER TABLE firm ADD COLUMN street text DEFAULT \'一街\'; INSERT INTO firm VALUES (301, \'企业301\', 9, \'1\', \'二街\')');
await page.click('[data-test=pipeline-run]');
await page.waitForSelector('[data-test=pipeline-decide]', { timeout: 60000 });
await page.click('[data-test=pipeline-decide]');
await page.waitForSelector('[data-test=drifts]');
await says(() => text('drifts'), 'name_cn', '改名', 'street', '新增');
await shot('drift');
await page.click('[data-test=decide]');
await page.waitForSelector('[data-test=run-version]', { timeout: 60000 });
await shot('run');
await page.click('[data-test=run-version]');

// Where it comes from, down to a column.
await page.waitForSelector('[data-test=versions] td');
const code = new URL(page.url()).pathname.split('/').pop();
await page.click('[data-test=tab-lineage]');
await page.waitForSelector('[data-test=lineage-node]');
await says(() => page.locator('[data-test=lineage-graph]').innerHTML(), '登记企业归集', '登记业务库');
await pick(page, 'lineage-field', '企业名称');
await page.waitForTimeout(300);
await shot('lineage');

// Judged by what its data suggests.
await page.click('[data-test=tab-quality]');
await page.click('[data-test=quality-propose]');
await page.waitForSelector('[data-test=proposals] td');
await page.click('[data-test=quality-confirm]');
await page.waitForSelector('[data-test=rules] td');
await page.click('[data-test=quality-check]');
await page.waitForFunction(() => /\d/.test(document.querySelector('[data-test=quality-score]')?.textContent ?? ''), null, { timeout: 60000 });
await shot('score');

// And the rows are what the source has, cleaned.
const answer = await (await page.request.get(`${base}/api/v1/datasets/${code}/rows?_size=1&_sort_desc=id`)).json();
check(JSON.stringify(answer.rows).includes('企业301') && JSON.stringify(answer.rows).includes('存续') && JSON.stringify(answer.rows).includes('二街'), JSON.stringify(answer));

check(complaints.length === 0, complaints.join('\n'));
await browser.close();
console.log('ok');
