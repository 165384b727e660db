// The auditor's room: search, a person found by name, a story with its names shown for a reason, what a structure and an
// aidant did, what deserves a look, what is taken away. On a wide screen and on a telephone, in the light and in the
// dark, in both languages: every page and every page of errors passes axe-core, and nothing is wider than the window.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { launch, Visitor } from './support/browser.mjs';
import { AIDANT, AUDITOR, chooseUserAndGrant, makeMandate, refusedOnce, service, signIn, submit } from './support/scene.mjs';
import { startDemo } from './support/server.mjs';

const WIDE = { width: 1200, height: 900 };
const PHONE = { width: 360, height: 740 };
const VISITS = [
  { name: 'wide-light', language: 'fr', viewport: WIDE, scheme: 'light' },
  { name: 'phone-dark', language: 'fr', viewport: PHONE, scheme: 'dark' },
  { name: 'wide-dark', language: 'en', viewport: WIDE, scheme: 'dark' },
  { name: 'phone-light', language: 'en', viewport: PHONE, scheme: 'light' },
];

describe("the auditor's room", () => {
  let demo;
  let browser;
  let reference;
  before(async () => {
    [demo, browser] = await Promise.all([startDemo({ engine: 'sqlite' }), launch()]);
    reference = await workAtTheDesk(browser, demo);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const visit of VISITS) {
    test(`${visit.name}, in ${visit.language}`, async () => {
      const visitor = await Visitor.open(browser, visit);
      const picture = (page) => visitor.picture(`room-${page}-${visit.name}.png`, { fullPage: true });
      await visitor.through(demo, `room-failed-${visit.name}.png`, () => review(visitor, demo, reference, picture));
    });
  }
});

/** A mandate signed, used at once, and ended within the hour: a story, an activity and an alert. */
async function workAtTheDesk(browser, demo) {
  const desk = await Visitor.open(browser, { language: 'fr' });
  const { page } = desk;
  await signIn(desk, demo, AIDANT);
  const reference = await makeMandate(desk, demo, { email: AIDANT, persona: 'josette', domains: ['argent', 'social'] });
  const taxes = await service(demo, 'impots');
  await page.goto(taxes);
  await submit(page, '#sign-in');
  await chooseUserAndGrant(desk, { name: 'Josette' });
  await page.waitForURL((url) => url.origin === taxes);
  await page.goto(`${demo.origin}/mandates/${reference}/end`);
  await page.locator('input[name=by]').first().check();
  await submit(page);
  await desk.close();
  return reference;
}

async function review(visitor, demo, reference, picture) {
  const { page } = visitor;
  await signIn(visitor, demo, AUDITOR);
  await search(visitor, demo, picture);
  await find(visitor, demo, picture);
  await story(visitor, demo, reference, picture);
  await alerts(visitor, demo, picture);
  await takeAway(visitor, demo, reference, picture);
  await page.goto(`${demo.origin}/log?kind=log.unmasked`);
  await visitor.check('the search for those who unmasked');
  assert.ok((await page.locator('tbody tr').count()) >= 1, 'who unmasked is in the log');
}

async function search(visitor, demo, picture) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/log`);
  await visitor.check('the log');
  await picture('search');
  await page.fill('#aidant', 'Nadia');
  await page.fill('#user', 'x');
  await page.fill('#from', '2026-01-05');
  await refusedOnce(visitor, 'nobody of that pseudonym', undefined, 'form.criteria button');
  assert.equal(await page.inputValue('#aidant'), 'Nadia', 'what was typed stays');
  assert.equal(await page.inputValue('#from'), '2026-01-05', 'what was typed stays');
  await page.goto(`${demo.origin}/log`);
  await page.selectOption('#kind', 'use.opened');
  await page.selectOption('#domain', 'argent');
  await submit(page, 'form.criteria button');
  await visitor.check('services opened');
  assert.equal(await page.locator('tbody tr').count(), 1, 'the service that was opened');
  assert.equal(await page.inputValue('#kind'), 'use.opened', 'the form keeps what was asked');
}

async function find(visitor, demo, picture) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/log/find`);
  await visitor.check('a person to find');
  await refusedOnce(visitor, 'no identity', undefined, 'form[action="/log/find/user"] button');
  await picture('find');
  await refusedOnce(visitor, 'nobody of that address', () => page.fill('#email', 'personne@gannat.example'), 'form[action="/log/find/aidant"] button');
  await page.fill('#email', AIDANT);
  await submit(page, 'form[action="/log/find/aidant"] button');
  await visitor.check('what an aidant did');
  assert.match(page.url(), /\/log\/aidants\/[\w-]{43}$/);
  assert.ok((await page.locator('.chart rect.done').count()) >= 1, 'a drawing');
  assert.doesNotMatch(await page.locator('main').innerText(), /Benali/, 'masked');
  await page.locator('details.more > summary').first().click();
  await visitor.check('the numbers of the drawing');
  await picture('aidant');
}

async function story(visitor, demo, reference, picture) {
  const { page } = visitor;
  const address = `${demo.origin}/log/mandates/${reference}`;
  await page.goto(address);
  await visitor.check('the story');
  await picture('story');
  assert.doesNotMatch(await page.locator('main').innerText(), /Josette|Benali/, 'masked');
  await submit(page, 'a[href$="/unmask"]');
  await visitor.check('why unmask');
  await refusedOnce(visitor, 'no reason');
  await picture('unmask');
  await page.fill('#reason', 'Réclamation reçue le 3 novembre');
  await submit(page);
  await visitor.check('the story with its names');
  assert.equal(page.url(), address);
  assert.match(await page.locator('main').innerText(), /Benali/, 'shown');
  await picture('unmasked');
  await submit(page, 'a[href^="/log/structures/"]');
  await visitor.check('what a structure did');
  await picture('structure');
}

async function alerts(visitor, demo, picture) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/log/alerts`);
  await visitor.check('alerts');
  assert.ok((await page.locator('.alerts li').count()) >= 1, 'used at once and revoked');
  const mark = page.locator('a[href^="/log/alerts/review"]');
  if ((await mark.count()) > 0) {
    await submit(page, 'a[href^="/log/alerts/review"]');
    await visitor.check('an alert to mark');
    await refusedOnce(visitor, 'no note');
    await picture('review');
    await page.fill('#note', 'La personne a changé d’avis devant l’aidante.');
    await submit(page);
    await visitor.check('an alert marked');
  }
  await picture('alerts');
}

async function takeAway(visitor, demo, reference, picture) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/log/export?mandate=${reference}`);
  await visitor.check('take away');
  await refusedOnce(visitor, 'in no form');
  await picture('export');
  for (const [format, begins] of [['csv', 'place,time,kind'], ['jsonl', '{"place":'], ['bundle', '{']]) {
    // Anew each time: a form sent twice within seconds is sent once.
    await page.goto(`${demo.origin}/log/export?mandate=${reference}`);
    await page.check(`input[name=format][value=${format}]`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('main form button[type=submit]').click()]);
    const text = await readFile(await download.path(), 'utf8');
    assert.ok(text.startsWith(begins) && text.includes('mandate.signed'), `${format}: ${text.slice(0, 200)}`);
    assert.doesNotMatch(text, /Josette|Benali/, 'pseudonyms only');
  }
}
