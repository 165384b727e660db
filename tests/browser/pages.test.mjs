// The pages beside the scene, and the errors of their forms: invitation, cards, choice of structure, a form kept over a
// new check of the card, the end of a mandate, the search in the log, what is said when something is wrong. On a
// telephone, in the dark: the scene is played on a wide screen in the light.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, Visitor } from './support/browser.mjs';
import { AIDANT, AUDITOR, letTimePass, makeMandate, nextCode, refusedOnce, signIn, submit } from './support/scene.mjs';
import { startDemo, verb } from './support/server.mjs';

const GANNAT = '26030101500012';
const REFERENT = 'hugo.lefevre@gannat.example';
const IN_TWO_STRUCTURES = 'ines.caron@allier.example';
const PHONE = { viewport: { width: 360, height: 740 }, scheme: 'dark' };

describe('the other pages, on a telephone, in the dark', () => {
  let demo;
  let browser;
  before(async () => {
    [demo, browser] = await Promise.all([startDemo({ engine: 'sqlite' }), launch()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  for (const language of ['fr', 'en']) {
    const visits = { professional, invitation, cards, structures, kept, ending, log, nothingThere };
    for (const [name, visit] of Object.entries(visits)) {
      test(`${name}, in ${language}`, async () => {
        const visitor = await Visitor.open(browser, { language, ...PHONE });
        await visitor.through(demo, `pages-${name}-${language}.png`, () => visit(visitor, demo));
      });
    }
  }
});

/** Linked from one's account with a fresh code, then entered with instead of a password; the card comes all the same. */
async function professional(visitor, demo) {
  const { page } = visitor;
  const [email, persona] = visitor.language === 'fr' ? [REFERENT, 'hugo'] : [IN_TWO_STRUCTURES, 'ines'];
  await signIn(visitor, demo, email);
  await page.goto(`${demo.origin}/account`);
  await visitor.check('account');
  await page.goto(`${demo.origin}/account/professional`);
  await visitor.check('account, to be linked');
  await refusedOnce(visitor, 'link, no code');
  await page.fill('#code', await nextCode(demo, email));
  await submit(page);
  await identify(visitor, persona);
  await page.waitForURL(`${demo.origin}/account/professional`);
  await visitor.check('account, linked');
  await page.goto(`${demo.origin}/account`);
  await submit(page, 'main form[action="/sign-out"] button');
  await page.goto(`${demo.origin}/sign-in`);
  await visitor.check('sign-in, with a provider of professionals');
  await submit(page, 'form[action="/sign-in/professional"] button');
  await identify(visitor, persona);
  await page.waitForURL(/\/sign-in\/code/);
  await visitor.check('sign-in with a provider, code');
  await page.fill('#code', await nextCode(demo, email));
  await submit(page);
  await page.goto(`${demo.origin}/account`);
  await page.locator('main form[action="/sign-out"] button').click();
  await page.waitForURL(`${demo.origin}/signed-out`);
  await visitor.check('signed out of both');
  await page.goto(`${demo.origin}/sign-in?problem=unknown_professional`);
  await visitor.check('sign-in, an identity nobody knows');
}

/** The provider's own pages: who, then what is sent. */
async function identify({ page }, persona) {
  await page.waitForURL(/identite\.localhost.*\/sign-in/);
  await submit(page, `#persona-${persona}`);
  await submit(page, '#continue');
}

async function invitation(visitor, demo) {
  const { page } = visitor;
  const email = `lea.${visitor.language}@gannat.example`;
  const told = await verb(demo, 'people', 'create', '--config', demo.data, '--email', email, '--name', 'Léa Morin',
    '--role', 'aidant', '--structure', GANNAT);
  await page.goto(/http\S+\/activate\/\S+/.exec(told)[0]);
  await visitor.check('invitation');
  await refusedOnce(visitor, 'invitation, empty');
  await refusedOnce(visitor, 'invitation, a common password', async () => {
    await page.fill('#password', 'motdepasse1234');
    await page.fill('#password_again', 'motdepasse1234');
  });
  await page.fill('#password', 'chemin lavande tourbillon');
  await page.fill('#password_again', 'chemin lavande tourbillon');
  await submit(page);
  await visitor.check('invitation, no card yet');
  await submit(page, 'form[action$="/app"] button');
  await visitor.check('invitation, the code to scan');
  assert.equal(await page.locator('svg.qr').count(), 1, 'a drawing to scan');
  await refusedOnce(visitor, 'invitation, no code', undefined, 'form:has(#code) button[type=submit]');
  await refusedOnce(visitor, 'invitation, wrong code', () => page.fill('#code', '000000'), 'form:has(#code) button[type=submit]');
  assert.equal(await page.locator('svg.qr').count(), 0, 'the drawing is shown once');
}

async function cards(visitor, demo) {
  const { page } = visitor;
  const serial = `GA-90${visitor.language === 'fr' ? '01' : '02'}`;
  const file = path.join(demo.data, 'delivery.csv');
  await writeFile(file, `serial,seed,period,digits,algorithm\n${serial},${randomBytes(20).toString('hex')},30,6,SHA1\n`);
  await verb(demo, 'cards', 'import', '--config', demo.data, '--structure', GANNAT, file);
  await signIn(visitor, demo, REFERENT);
  await page.goto(`${demo.origin}/cards`);
  await visitor.check('cards');
  await submit(page, `a:has-text("${serial}")`);
  await visitor.check('a card in stock');
  await refusedOnce(visitor, 'a card handed to nobody');
  await page.selectOption('#holder', { label: 'Nadia Benali' });
  await submit(page);
  await visitor.check('a card handed over');
  const card = page.url();
  await page.goto(`${card}/resync`);
  await visitor.check('a clock to set right');
  await refusedOnce(visitor, 'no codes');
  await refusedOnce(visitor, 'codes of no card', async () => {
    await page.fill('#code', '111111');
    await page.fill('#code_next', '222222');
  });
  await page.goto(`${card}/end`);
  await visitor.check('a card to withdraw');
  await refusedOnce(visitor, 'withdrawn, but how');
  await page.goto(`${demo.origin}/log`);
  await visitor.check('the log is not for a referent', 403);
  for (const where of ['account', 'sessions', 'charter']) {
    await page.goto(`${demo.origin}/${where}`);
    await visitor.check(where);
  }
}

async function structures(visitor, demo) {
  const { page } = visitor;
  await signIn(visitor, demo, IN_TWO_STRUCTURES);
  await page.goto(`${demo.origin}/structures/choose`);
  await visitor.check('which structure');
  await refusedOnce(visitor, 'no structure');
  await page.locator('input[name=structure]').last().check();
  await submit(page);
  await page.goto(`${demo.origin}/mandates`);
  await visitor.check('no mandate yet');
  await page.goto(`${demo.origin}/mandates?q=personne`);
  await visitor.check('no mandate found');
  await page.goto(`${demo.origin}/uses`);
  await visitor.check('no service open');
}

/** A quarter of an hour passes in the middle of a form: what was chosen comes back, in words. */
async function kept(visitor, demo) {
  const { page } = visitor;
  await signIn(visitor, demo, AIDANT);
  await page.goto(`${demo.origin}/mandates/new`);
  await page.check('input[name=term][value=until]');
  await page.fill('#end', '2020-01-01');
  await page.check('input[name=domain][value=argent]');
  await refusedOnce(visitor, 'mandate, an end already past');
  await letTimePass(demo, 901);
  await page.check('input[name=term][value="31"]');
  await submit(page);
  await visitor.check('the card, again');
  await refusedOnce(visitor, 'the card again, no code');
  await page.fill('#code', await nextCode(demo, AIDANT));
  assert.ok(await lastDigitIsSeen(page), 'the sixth digit of a code is seen');
  await submit(page);
  await visitor.check('what was typed');
  const shown = await page.locator('dl.summary').innerText();
  const expected = visitor.language === 'fr' ? ['Argent, impôts, consommation', 'Un mois'] : ['One month'];
  for (const words of expected) assert.ok(shown.includes(words), shown);
  assert.doesNotMatch(shown, /[0-9a-f]{8}-[0-9a-f]{4}-/, 'nothing technical is shown');
  await submit(page);
  assert.match(page.url(), /\/identity$/, 'the form goes on');
}

/** What is typed lies above the cells drawn for it, the marked one included. */
async function lastDigitIsSeen(page) {
  return page.locator('#code').evaluate((input) => {
    const cell = input.closest('.code').querySelector('i:last-child').getBoundingClientRect();
    return document.elementFromPoint(cell.x + cell.width / 2, cell.y + cell.height / 2) === input;
  });
}

async function ending(visitor, demo) {
  const { page } = visitor;
  await signIn(visitor, demo, AIDANT);
  const reference = await makeMandate(visitor, demo, { email: AIDANT, persona: 'amadou', domains: ['argent', 'social'] });
  const mandate = `${demo.origin}/mandates/${reference}`;
  await page.goto(`${mandate}/attestation`);
  await visitor.check('attestation');
  await page.goto(`${mandate}/end/social`);
  await visitor.check('a formality to withdraw');
  await refusedOnce(visitor, 'withdrawn, but by whom');
  await page.locator('input[name=by]').first().check();
  await submit(page);
  await visitor.check('a formality withdrawn');
  await page.goto(`${mandate}/end`);
  await visitor.check('a mandate to end');
  await refusedOnce(visitor, 'ended, but by whom');
  await page.locator('input[name=by]').last().check();
  await submit(page);
  await visitor.check('a mandate ended');
  assert.equal(await page.locator('a.danger').count(), 0, 'what has ended is not ended again');

  await page.goto(`${demo.origin}/mandates/new`);
  await page.check('input[name=domain][value=argent]');
  await submit(page);
  await submit(page);
  await submit(page, '#refuse');
  await page.waitForURL((url) => url.origin === demo.origin);
  await visitor.check('the person stopped the identification');
  await submit(page);
  await submit(page, '#persona-amadou');
  await submit(page, '#continue');
  await page.waitForURL((url) => url.origin === demo.origin);
  await submit(page, 'button[value=refuse]');
  await visitor.check('the person refused');
  await submit(page, 'main a.button.main');
  await visitor.check('refused, seen from the desk');
}

async function log(visitor, demo) {
  const { page } = visitor;
  await signIn(visitor, demo, AUDITOR);
  await page.goto(`${demo.origin}/log?from=2026-02-31&mandate=M-0000-0000`);
  await visitor.check('a search that cannot be read');
  assert.ok((await page.locator('.error-summary a').count()) > 0, 'the errors are told');
  await page.goto(`${demo.origin}/log?from=2001-01-01&until=2001-01-02`);
  await visitor.check('a search that finds nothing');
}

async function nothingThere(visitor, demo) {
  const { page } = visitor;
  const addresses = [
    ['/nowhere', 404],
    ['/activate/nobody', 410],
    ['/authorize', 400],
    ['/authorize/nobody', 400],
    ['/consent', 403],
  ];
  for (const [address, status] of addresses) {
    await page.goto(demo.origin + address);
    await visitor.check(address, status);
    assert.equal(await page.locator('main dl code').count(), 1, `${address}: a number to give to support`);
  }
}
