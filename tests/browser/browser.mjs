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

// Element Plus lists float at the end of the page; the one that is open is picked from.
export async function pick(page, field, text) {
  await page.locator(`[data-test=${field}]`).last().click();
  await page.locator('.el-select-dropdown__item:visible', { hasText: text }).first().click();
}
