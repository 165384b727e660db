// Chromium from Debian, driven headless, with the checks that every page visited must pass.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './server.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const outFolder = path.join(root, 'tests/out');

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: process.getuid() !== 0,
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-dev-shm-usage',
      // Debian's kernel settings may forbid the sandbox to an ordinary user in a container.
      ...(process.getuid() === 0 || process.env.TESTS_NO_SANDBOX ? ['--no-sandbox'] : []),
    ],
  });
}

/** A person at a browser: its own cookies, its own language, and a record of all that went wrong on the way. */
export class Visitor {
  static async open(browser, { language, scripts = true, viewport = { width: 1200, height: 900 }, scheme = 'light' }) {
    const context = await browser.newContext({
      locale: language === 'fr' ? 'fr-FR' : 'en-GB',
      timezoneId: 'Europe/Paris',
      viewport,
      colorScheme: scheme,
      javaScriptEnabled: scripts,
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    return new Visitor(context, page, language, scripts);
  }

  constructor(context, page, language, scripts) {
    this.scripts = scripts;
    this.context = context;
    this.page = page;
    this.language = language;
    this.checked = [];
    this.faults = [];
    page.on('response', (response) => {
      if (response.status() >= 500) this.faults.push(`${response.status()} ${response.url()}`);
      if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) this.status = response.status();
    });
    page.on('pageerror', (error) => this.faults.push(`script: ${error.message}`));
    page.on('console', (message) => {
      // What a strict policy refused, or a script that failed; a 4xx of an error page under test is no fault.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) this.faults.push(message.text());
    });
  }

  /** No accessibility fault on the page as it is now; its title, language and main heading are there; nothing is wider
   *  than the window. `status`: what the page answered, when it is meant to be an error. */
  async check(name, status) {
    const { page } = this;
    await page.waitForLoadState('load');
    assert.ok((status ? [status] : [200, 422]).includes(this.status), `${name}: ${page.url()} answered ${this.status}`);
    assert.equal(await page.getAttribute('html', 'lang'), this.language, `${name}: language of ${page.url()}`);
    assert.notEqual((await page.title()).trim(), '', `${name}: a title`);
    assert.equal(await page.locator('h1').count(), 1, `${name}: one main heading at ${page.url()}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, `${name}: ${page.url()} is ${wide} px wider than the window`);
    this.checked.push(name);
    // axe needs scripts itself; without them the page is the same page, already checked with them.
    if (!this.scripts) return;
    await page.evaluate(`${axe}; undefined`);
    const { violations } = await page.evaluate(
      (values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] }),
      RULES,
    );
    const told = violations.map(({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `    ${html}\n    ${failureSummary}`).join('\n')}`);
    assert.equal(told.join('\n'), '', `${name}: accessibility of ${page.url()}`);
  }

  async picture(file, options = {}) {
    const target = path.isAbsolute(file) ? file : path.join(outFolder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await this.page.screenshot({ path: target, ...options });
  }

  /** Does `visit`, then closes. When it fails: a picture of the page in `file`, and where it was, after what, and what
   *  the program wrote last. */
  async through(demo, file, visit) {
    try {
      await visit();
    } catch (error) {
      await this.picture(file, { fullPage: true });
      const told = [error.message, `at ${this.page.url()}`, `after: ${this.checked.join(' · ')}`, ...demo.journal.slice(-5)];
      throw new Error(told.join('\n'), { cause: error });
    }
    await this.close();
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, [], 'faults seen by the browser');
  }
}
