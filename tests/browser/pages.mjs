// Every page, at the width of a desk and of a phone, light and dark: nothing overflows, nothing complains, no English is left in a
// Chinese page, every control that has no text has a name, and the keyboard gets through the sign-in.
import { base, becomes, browser, check, person, work } from './browser.mjs';

const pages = {
  operator: ['/', '/datasets', '/datasets/CODE', '/datasets/CODE?tab=fields', '/datasets/CODE?tab=profile', '/datasets/CODE?tab=chart', '/datasets/CODE?tab=history', '/datasets/CODE?tab=access', '/datasets/CODE?tab=lineage', '/datasets/CODE?tab=privacy', '/datasets/CODE?tab=quality', '/quality', '/corrections', '/corrections/TICKET', '/linkage', '/imports', '/imports/IMPORT', '/sources', '/pipelines', '/pipelines/new', '/budget/check', '/open-data', '/open-data?tab=boundaries', '/harvests', '/sharing/requests', '/sharing/requests/new?dataset=ASKED', '/sharing/requests/REQUEST', '/sharing/grants', '/sharing/grants/GRANT', '/sharing/grants/GRANT?tab=keys', '/sharing/grants/GRANT?tab=deliveries', '/sharing/grants/GRANT?tab=records', '/sharing/rules', '/sharing/watermarks', '/sql', '/search?q=网络', '/search', '/jobs', '/account', '/api-docs', '/nowhere', '/datasets/CODE?tab=entry', '/catalogue/import', '/registers', '/registers/contracts', '/registers/contracts/new', '/registers/contracts/calendar', '/my-calendar', '/registers/contracts/records/RECORD', '/registers/contracts/records/RECORD?tab=files', '/registers/contracts/records/RECORD?tab=history', '/registers/contracts/definition', '/registers/new-definition', '/indicators', '/indicators/party_study', '/indicators/party_study/definition', '/indicators/new', '/surveys', '/surveys/new', '/surveys/satisfaction', '/surveys/satisfaction/edit', '/board', '/wall'],
  reviewer: ['/', '/reviews', '/open-data', '/open-data?tab=asks', '/sharing/requests', '/classification', '/datasets', '/datasets/CODE'],
  sysadmin: ['/', '/people', '/calendar', '/settings'],
  secadmin: ['/people', '/settings', '/sharing/rules', '/sharing/watermarks'],
  auditadmin: ['/', '/audit'],
  budgeter: ['/', '/budgets', '/budgets/BUDGET', '/budgets/BUDGET?tab=income', '/budgets/BUDGET?tab=expenditure', '/budgets/BUDGET?tab=projects', '/budgets/BUDGET?tab=execution', '/budgets/BUDGET?tab=compare', '/budgets/BUDGET?tab=history', '/year-end?year=2025', '/year-end?tab=evaluations&year=2025', '/year-end/evaluations/EVALUATION'],
};
const [code, importId, ticket, record, request] = [process.env.QUSHU_CODE, process.env.QUSHU_IMPORT, process.env.QUSHU_TICKET, process.env.QUSHU_RECORD, process.env.QUSHU_REQUEST];
const grant = process.env.QUSHU_GRANT;
// Names, formats and codes that are written so in Chinese too.
const allowed = /^(SQL|API|CSV|TSV|XLSX|DOCX|Excel|JSON|NDJSON|Parquet|XML|PDF|UTF|GB|GB18030|GBK|BIG|BIG5|HTTP|HTTPS|URL|OpenAPI|ODBC|SHA|ID|IP|TOTP|Qushu|zip|gzip|KiB|MiB|GiB|KB|MB|GB|BOM|LE|BE|EN|English|PostgreSQL|SQLite|GET|POST|PUT|PATCH|DELETE|Ctrl|Enter|Esc|TLS|SSE|CORS|UTC|NTP|DuckDB|CKAN|DCAT|LD|Turtle|jsonld|ttl|CPU|Chrome|HeadlessChrome|Chromium|Linux|Mozilla|Safari|AppleWebKit|KHTML|Gecko|like|x86|X11|Q|Z|T|v|B|s|ms|h|m|d)$/;

async function english(page) {
  return page.evaluate(() => {
    const out = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement;
      // Data, code and identifiers are not the page's own words.
      if (!e || e.closest('script, style, code, pre, td, .cm-editor, .mono, [data-raw], input, textarea, details, .el-select__wrapper, svg')) continue;
      if (!e.checkVisibility || e.checkVisibility()) out.push(walk.currentNode.textContent);
    }
    return out;
  });
}

// On a desk each page is loaded by its address, on a phone it is come to within the console, as people do.
async function go(page, path) {
  if (page.viewportSize().width > 1000) return page.goto(base + path);
  await page.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate', { state: null }));
  }, path);
}

const flaws = [];
async function walk(width, height) {
  for (const [login, paths] of Object.entries(pages)) {
    const { page, complaints, context } = await person(login, width, height);
    for (const path of paths) {
      const at = `${path} at ${width} as ${login}`;
      await go(page, path.replace('CODE', code).replace('IMPORT', importId).replace('TICKET', ticket).replace('RECORD', record).replace('REQUEST', request).replace('GRANT', grant).replace('BUDGET', process.env.QUSHU_BUDGET).replace('EVALUATION', process.env.QUSHU_EVALUATION).replace('ASKED', code));
      await page.waitForLoadState('load');
      await page.waitForTimeout(path.includes('chart') ? 1500 : 600);
      const tab = /[?&]tab=(\w+)/.exec(path)?.[1];
      if (tab) await page.waitForSelector(`#tab-${tab}[aria-selected=true]`).catch(() => flaws.push(`${at}: another tab is shown`));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      for (const said of await page.locator('.el-message--error').allInnerTexts()) flaws.push(`${at}: ${said}`);
      if (over > 1) flaws.push(`${at}: ${over} px too wide`);
      const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, a, input:not([type=hidden]):not([type=file])')].filter((e) => e.checkVisibility() && !e.textContent?.trim() && !e.getAttribute('aria-label') && !e.getAttribute('title') && !e.getAttribute('placeholder') && !e.labels?.length && !e.closest('[aria-label], label') && !e.getAttribute('aria-labelledby')).map((e) => e.outerHTML.slice(0, 160)));
      if (unnamed.length) flaws.push(`${at}: controls without a name: ${unnamed.slice(0, 3).join(' ')}`);
      const words = new Set();
      for (const line of await english(page)) for (const word of line.replace(/https?:\/\/[\w.\/-]+|\S+\.(csv|xlsx|toml)|（\.xlsx）|\b(sm2|sm3|sha256|ed25519|PEM|info|postgresql)\b|Authorization: Bearer|^(operator|reviewer|sysadmin|secadmin|auditadmin|budgeter)\b/g, '').match(/[A-Za-z][A-Za-z]+/g) ?? []) if (!allowed.test(word)) words.add(`${word} (${line.trim().slice(0, 40)})`);
      if (words.size && path !== '/api-docs') flaws.push(`${at}: English left: ${[...words].slice(0, 6).join(', ')}`);
      if (process.env.QUSHU_PICTURES) await page.screenshot({ path: `${work}/pictures/${login}-${path.replace(/\W+/g, '_')}-${width}.png` });
    }
    if (complaints.length) flaws.push(`${login} at ${width}: ${complaints.join('; ')}`);
    await context.close();
  }
}
await Promise.all([walk(1440, 900), walk(390, 844)]);

// By keyboard alone, and in the dark and in English.
const { page } = await person(null);
await page.locator('[data-test=login]').focus();
await page.keyboard.type('operator');
await page.keyboard.press('Tab');
await page.keyboard.type(process.env.QUSHU_PASSWORD);
await page.keyboard.press('Enter');
await page.waitForSelector('nav');
await page.click('[data-test=theme]');
await becomes(() => page.evaluate(() => document.documentElement.classList.contains('dark')), 'dark did not take');
if (process.env.QUSHU_PICTURES) await page.screenshot({ path: `${work}/pictures/dark.png` });
await page.click('[data-test=language]');
await page.waitForFunction(() => document.documentElement.lang.startsWith('en'));
await becomes(async () => (await page.locator('nav').innerText()).includes('SQL') && /Datasets|Catalogue/.test(await page.locator('nav').innerText()), 'English did not take');
// The first page's weight, as it travels.
const { context: fresh, page: first } = await person(null);
const client = await fresh.newCDPSession(first);
await client.send('Network.enable');
await client.send('Network.clearBrowserCache');
let bytes = 0;
client.on('Network.loadingFinished', (e) => (bytes += e.encodedDataLength));
await first.reload();
await first.waitForSelector('[data-test=login]');
await first.waitForTimeout(800);
if (bytes === 0 || bytes > 500 * 1024) flaws.push(`the first page weighs ${bytes} bytes`);

await browser.close();
check(flaws.length === 0, flaws.join('\n'));
console.log(`ok, first page ${Math.round(bytes / 1024)} KB`);
