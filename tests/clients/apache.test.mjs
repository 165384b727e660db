// Apache of Debian with mod_auth_openidc protects a page with us as its provider, and hears of the end of a use.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { chooseUserAndGrant } from '../browser/support/scene.mjs';
import { freePorts } from '../browser/support/server.mjs';
import { startApache } from './apache.mjs';
import { scene } from './support.mjs';

describe('Apache with mod_auth_openidc', () => {
  let here;
  let apache;
  let site;
  before(async () => {
    here = await scene('sqlite');
    const port = await freePorts(1);
    site = `http://localhost:${port}`;
    const { clientId, secret } = await here.register('apache', '--redirect-uri', `${site}/private/redirect`,
      '--backchannel-logout-uri', `${site}/private/redirect?logout=backchannel`);
    apache = await startApache({ port, issuer: here.demo.origin, clientId, secret });
  });
  after(async () => {
    await apache?.stop();
    await here?.stop();
  });

  test('protects a page, and closes it in under five seconds when the use is over', async () => {
    const { page } = here.aidant;
    await page.goto(`${site}/private/`);
    assert.ok(page.url().startsWith(here.demo.origin), `sent to us: ${page.url()}`);
    await chooseUserAndGrant(here.aidant, { name: 'Josette' });
    await page.waitForURL(`${site}/private/`);
    assert.equal(await page.locator('#name').innerText(), 'Martin', await apache.errors());
    assert.match(await page.locator('#who').innerText(), /\S/);

    // The page is Apache's own now: it asks nobody while its session lives.
    await page.reload();
    assert.equal(page.url(), `${site}/private/`);

    // The aidant ends the use at the desk; the service hears of it behind the browser's back.
    await page.goto(`${here.demo.origin}/uses`);
    await Promise.all([page.waitForNavigation(), page.locator('main form button[type=submit]').first().click()]);
    const ended = Date.now();
    let closed = false;
    while (!closed && Date.now() - ended < 5000) {
      await delay(100);
      await page.goto(`${site}/private/`);
      closed = page.url().startsWith(here.demo.origin);
    }
    assert.ok(closed, `still open after five seconds\n${await apache.errors()}`);
  });
});
