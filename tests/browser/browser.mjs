// What both browser tests share: Chromium as Debian installs it, in Chinese, and every complaint of a page collected.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const [base, work] = process.argv.slice(2);
export const password = process.env.QUSHU_PASSWORD;
mkdirSync(`${work}/pictures`, { recursive: true });

export const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

// What a page shows follows what is done on it by moments, on a slow machine by many: the condition is waited for. `message`: the
// words themselves, or what asks the page for them when the time is over.
export async function becomes(condition, message) {
  const until = Date.now() + 45000;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(typeof message === 'function' ? await message() : message);
    await new Promise((r) => setTimeout(r, 100));
  }
}
// All of these words stand in what the page says.
export async function says(tell, ...words) {
  const missing = async () => { const text = await tell(); return words.filter((w) => !text.includes(w)); };
  await becomes(async () => !(await missing()).length, async () => `${(await missing()).join(', ')} missing in: ${(await tell()).slice(0, 4000)}`);
}

// A person at a screen of this size; `complaints` gathers errors of scripts and of the network.
export async function person(login, width = 1440, height = 900, locale = 'zh-CN') {
  const context = await browser.newContext({ viewport: { width, height }, locale, acceptDownloads: true });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (e) => complaints.push(`script: ${e.message}`));
  page.on('console', (m) => m.type() === 'error' && !/status of 4(0[1349]|22)/.test(m.text()) && complaints.push(`console: ${m.text()}`));
  page.on('response', (r) => r.status() >= 500 && complaints.push(`${r.status()} ${r.url()}`));
  page.setDefaultTimeout(45000);
  await page.goto(base);
  if (login) {
    await page.fill('[data-test=login]', login);
    await page.fill('[data-test=password]', password);
    await page.click('[data-test=sign-in]');
    await page.waitForSelector('nav');
  }
  return { page, complaints, context };
}

// Lists float at the end of the page; the one that is open is picked from. A list that still moves to its place while the button is
// down loses the click: as a person does, it is picked again until `field` (its data-test, or a locator) shows it.
export async function pick(page, field, text) {
  const list = typeof field === 'string' ? page.locator(`[data-test=${field}]`).last() : field;
  const item = page.locator('.el-select-dropdown__item:visible', { hasText: text }).first();
  for (let left = 3; ; left--) {
    if (!(await item.isVisible())) await list.click();
    await item.click();
    try {
      return await list.filter({ hasText: text }).waitFor({ timeout: left > 1 ? 5000 : 45000 });
    } catch (e) {
      if (left === 1) throw e;
    }
  }
}
