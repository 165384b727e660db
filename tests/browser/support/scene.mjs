// What people do in the demonstration, as a person would: by pages, fields and buttons.
import assert from 'node:assert/strict';

/** People of the demonstration. */
export const AIDANT = 'nadia.benali@gannat.example';
export const AUDITOR = 'paul.ferrand@audit.example';


/** What /demo shows of a person: the password, and the code of the card now. */
async function card(demo, email) {
  const page = await (await fetch(`${demo.origin}/demo`, { headers: { 'accept-language': 'fr' } })).text();
  const text = (pattern) => new RegExp(`${pattern}>\\s*([^<]*?)\\s*<`).exec(page)?.[1];
  const password = text(`data-password="${email}"`);
  const code = text(`data-card="${email}"[^>]*>[^<]*<[^>]*data-code`)?.replace(/\D/g, '');
  assert.ok(password && code, `${email} is on /demo`);
  return { password, code };
}

/** Moves the demonstration's clock, as the button on /demo does. */
export async function letTimePass(demo, seconds) {
  const response = await fetch(`${demo.origin}/demo/time`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    body: `seconds=${seconds}`,
    redirect: 'manual',
  });
  assert.equal(response.status, 303, 'the demonstration lets time pass');
  // How far its clock is ahead of ours, for whoever signs with the time of day.
  demo.ahead = (demo.ahead ?? 0) + seconds;
}

export const password = async (demo, email) => (await card(demo, email)).password;

/** A code that the card has not shown before: a code is accepted once. */
export async function nextCode(demo, email) {
  await letTimePass(demo, 30);
  const { code } = await card(demo, email);
  assert.match(code, /^\d{6}$/);
  return code;
}

/** A form sent as it is, and the page it comes back to. */
export async function submit(page, selector = 'main form button[type=submit]') {
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.locator(selector).first().click()]);
}

/** Each form's page of errors: the summary is there, and linked to fields that exist. */
export async function refusedOnce(visitor, name, fill = async () => {}, button) {
  await fill();
  await submit(visitor.page, button);
  const links = visitor.page.locator('.error-summary a');
  assert.ok((await links.count()) > 0, `${name}: an error summary at ${visitor.page.url()}`);
  for (const link of await links.all()) {
    const target = await link.getAttribute('href');
    assert.equal(await visitor.page.locator(target).count(), 1, `${name}: ${target} is a field`);
  }
  await visitor.check(`${name}, refused`);
}

export async function signIn(visitor, demo, email, { errors = false, from = '/sign-in' } = {}) {
  const { page } = visitor;
  if (from) await page.goto(`${demo.origin}${from}`);
  await visitor.check('sign-in');
  if (errors) {
    await refusedOnce(visitor, 'sign-in, empty');
    await refusedOnce(visitor, 'sign-in, wrong password', async () => {
      await page.fill('#email', email);
      await page.fill('#password', 'ce mot de passe est faux');
    });
  }
  await page.fill('#email', email);
  await page.fill('#password', await password(demo, email));
  await submit(page);
  await visitor.check('sign-in, code');
  if (errors) {
    await refusedOnce(visitor, 'sign-in, no code');
    await refusedOnce(visitor, 'sign-in, wrong code', () => page.fill('#code', '000000'));
  }
  await page.fill('#code', await nextCode(demo, email));
  await submit(page);
  assert.doesNotMatch(page.url(), /sign-in/, 'signed in');
}

/** At the desk: propose, consent at the provider, sign with the card. Gives the mandate's reference. */
export async function makeMandate(visitor, demo, { email, persona, domains, errors = false, onStep = async () => {} }) {
  const { page } = visitor;
  await page.goto(`${demo.origin}/mandates/new`);
  await visitor.check('mandate, domains');
  if (errors) {
    await refusedOnce(visitor, 'mandate, no domain');
    await page.goto(`${demo.origin}/mandates/new`);
  }
  for (const domain of domains) {
    const box = page.locator(`input[name=domain][value=${domain}]`);
    if (!(await box.isVisible())) await page.locator('details.more > summary').click();
    await box.check();
  }
  await page.check('input[name=term][value="31"]');
  await onStep('domains');
  await submit(page);
  await visitor.check('mandate, identity');
  await submit(page);

  // At the national identity provider, the user's part.
  await visitor.check('provider, sign-in');
  if (errors) {
    await page.fill('#identifier', persona);
    await page.fill('#password', 'faux');
    await submit(page, 'form:has(#identifier) button');
    await visitor.check('provider, sign-in refused');
  }
  await submit(page, `#persona-${persona}`);
  await visitor.check('provider, what is sent');
  await submit(page, '#continue');

  await page.waitForURL((url) => url.origin === demo.origin);
  await visitor.check('consent');
  if (errors) await refusedOnce(visitor, 'consent without declaration', undefined, 'button[value=agree]');
  await page.check('#declaration');
  await onStep('consent');
  await submit(page, 'button[value=agree]');
  await page.waitForURL((url) => url.origin === demo.origin);
  await visitor.check('consent given');
  await submit(page, 'main a.button.main');

  await visitor.check('signature');
  if (errors) {
    await refusedOnce(visitor, 'signature, no code');
    await refusedOnce(visitor, 'signature, wrong code', () => page.fill('#code', '000000'));
  }
  await onStep('signature');
  await page.fill('#code', await nextCode(demo, email));
  await submit(page);
  await visitor.check('signed');
  await onStep('signed');
  const reference = /\bM-[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(await page.locator('main').innerText())?.[0];
  assert.ok(reference, 'the page names the mandate');
  return reference;
}

/** At a service's /authorize page, once signed in: the user, the grant, the presence. */
export async function chooseUserAndGrant(visitor, { name, errors = false }) {
  const { page } = visitor;
  if (/\/user/.test(new URL(page.url()).pathname)) {
    await visitor.check('use, whom for');
    if (errors) {
      await page.fill('#q', 'personne de ce nom');
      await submit(page, 'form[role=search] button');
      await visitor.check('use, nobody found');
      await page.fill('#q', '');
      await submit(page, 'form[role=search] button');
    }
    await submit(page, `a.choice:has-text("${name}")`);
  }
  await visitor.check('use, which grant');
  if (errors) await refusedOnce(visitor, 'use, nothing chosen');
  const grants = page.locator('input[name=grant]');
  if ((await grants.count()) > 0) await grants.first().check();
  await page.check('input[name=presence][value=present]');
  await submit(page);
}

/** Where a service of the demonstration is. */
export async function service(demo, name) {
  const text = await (await fetch(`${demo.origin}/demo`)).text();
  const url = new RegExp(`http://${name}\\.localhost:\\d+`).exec(text)?.[0];
  assert.ok(url, `/demo links to ${name}`);
  return url;
}
