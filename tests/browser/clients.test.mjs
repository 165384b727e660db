// An operator's pages of services: the list, one service with what it did, a service registered, its addresses and its
// secret changed, a service stopped and put back. On a wide screen and on a telephone, in both languages: every page and
// every page of errors passes axe-core, and nothing is wider than the window.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, Visitor } from './support/browser.mjs';
import { AIDANT, chooseUserAndGrant, makeMandate, refusedOnce, service, signIn, submit } from './support/scene.mjs';
import { startDemo } from './support/server.mjs';

const OPERATOR = 'claire.roussel@entremise.example';
const VISITS = [
  { name: 'wide-light', language: 'fr', viewport: { width: 1200, height: 900 }, scheme: 'light' },
  { name: 'phone-dark', language: 'en', viewport: { width: 360, height: 740 }, scheme: 'dark' },
];

describe("an operator's pages of services", () => {
  let demo;
  let browser;
  before(async () => {
    [demo, browser] = await Promise.all([startDemo({ engine: 'sqlite' }), launch()]);
    await useOnce(browser, demo);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const visit of VISITS) {
    test(`${visit.name}, in ${visit.language}`, async () => {
      const visitor = await Visitor.open(browser, visit);
      const picture = (page) => visitor.picture(`clients-${page}-${visit.name}.png`, { fullPage: true });
      await visitor.through(demo, `clients-failed-${visit.name}.png`, async () => {
        await signIn(visitor, demo, OPERATOR);
        await watch(visitor, demo, picture);
        const address = await register(visitor, demo, `essai-${visit.name}`, picture);
        await change(visitor, address, picture);
        await stop(visitor, address, picture);
      });
    });
  }
});

/** A service opened once, and a request of its own that is refused. */
async function useOnce(browser, demo) {
  const desk = await Visitor.open(browser, { language: 'fr' });
  const { page } = desk;
  await signIn(desk, demo, AIDANT);
  await makeMandate(desk, demo, { email: AIDANT, persona: 'josette', domains: ['argent'] });
  const taxes = await service(demo, 'impots');
  await page.goto(taxes);
  await submit(page, '#sign-in');
  await chooseUserAndGrant(desk, { name: 'Josette' });
  await page.waitForURL((url) => url.origin === taxes);
  await desk.close();
  const answer = await fetch(`${demo.origin}/authorize?client_id=impots&redirect_uri=https%3A%2F%2Felsewhere.example%2F`);
  assert.equal(answer.status, 400);
}

async function watch(visitor, demo, picture) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/`);
  await submit(page, 'nav.sections a[href="/clients"]');
  await visitor.check('the services');
  await picture('list');
  const line = page.locator('tbody tr', { hasText: 'impots' }).first();
  assert.match(await line.innerText(), /1 \/ 1/, 'opened once');
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), line.locator('a').click()]);
  await visitor.check('a service');
  assert.ok((await page.locator('.chart rect.done').count()) >= 1, 'a drawing');
  assert.ok((await page.locator('.chart rect.refused').count()) >= 1, 'what was refused is in it');
  assert.doesNotMatch(await page.locator('main').innerText(), /Josette|Benali/, 'nobody is named');
  await page.locator('details.more > summary').first().click();
  await visitor.check('a service, its numbers');
  await picture('service');
}

async function register(visitor, demo, clientId, picture) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/clients`);
  await submit(page, 'a[href="/clients/new"]');
  await visitor.check('a service to register');
  await refusedOnce(visitor, 'a service, empty');
  await picture('new-refused');
  await page.fill('#client_id', clientId);
  await page.fill('#name', 'Service à l’essai');
  await page.check('input[name=profile][value=general]');
  await refusedOnce(visitor, 'a service, plain http', () => page.fill('#redirect_uris', 'http://essai.example/retour'));
  assert.equal(await page.inputValue('#client_id'), clientId, 'what was typed stays');
  assert.ok(await page.isChecked('input[name=profile][value=general]'), 'what was chosen stays');
  await page.fill('#redirect_uris', 'https://essai.example/retour');
  await submit(page);
  await visitor.check('a service registered, its secret');
  await picture('secret');
  const secret = await page.locator('dd.hash .line').last().innerText();
  assert.match(secret, /^[\w-]{40,}$/, 'a secret');
  await submit(page, 'main a.button.main');
  await visitor.check('the new service');
  assert.ok(!(await page.content()).includes(secret), 'shown once');
  return page.url();
}

async function change(visitor, address, picture) {
  const { page } = visitor;
  await page.goto(`${address}/addresses`);
  await visitor.check('addresses');
  await refusedOnce(visitor, 'no address', () => page.fill('#redirect_uris', ''));
  await picture('addresses-refused');
  await page.fill('#redirect_uris', 'https://essai.example/ailleurs');
  await submit(page);
  await visitor.check('addresses changed');
  assert.equal(page.url(), address);
  assert.match(await page.locator('main').innerText(), /essai\.example\/ailleurs/);
  await submit(page, 'a[href$="/scopes"]');
  await visitor.check('what it may ask');
  await page.check('input[name=scopes][value=email]');
  await picture('scopes');
  await submit(page);
  await visitor.check('what it may ask, changed');
  assert.equal(page.url(), address);
  await submit(page, 'a[href$="/secret"]');
  await visitor.check('a new secret');
  await page.check('input[name=overlap][value="24"]');
  await submit(page);
  await visitor.check('the new secret');
}

async function stop(visitor, address, picture) {
  const { page } = visitor;
  await page.goto(address);
  await submit(page, 'a[href$="/suspension"]');
  await visitor.check('suspend?');
  await refusedOnce(visitor, 'suspend, no reason');
  await picture('suspend');
  await page.fill('#reason', 'Contrôle du service');
  await submit(page);
  await visitor.check('suspended');
  assert.equal(await page.locator('.tag.bad').count(), 1);
  await picture('suspended');
  await submit(page, 'a[href$="/suspension"]');
  await page.fill('#reason', 'Contrôle fini');
  await submit(page);
  await visitor.check('in service again');
  assert.equal(await page.locator('.tag.good').count(), 1);
}
