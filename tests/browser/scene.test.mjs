// The whole scene, in Chromium, in both languages, on both engines: sign-in, mandate, consent, signature, use at a
// service, the auditor's page. Every page visited passes axe-core, the error states of its forms included.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, Visitor } from './support/browser.mjs';
import { AIDANT, AUDITOR, chooseUserAndGrant, makeMandate, service, signIn, submit } from './support/scene.mjs';
import { root, startDemo } from './support/server.mjs';

/** One user per language: a second mandate for the same domains would replace the first. */
const SCENES = [
  { language: 'fr', persona: 'josette', name: 'Josette', born: '1948-03-04', family: 'Martin' },
  { language: 'en', persona: 'amadou', name: 'Amadou', born: '1962-00-00', family: 'Diallo' },
];

for (const engine of ['sqlite', 'postgres']) {
  describe(`the scene on ${engine}`, () => {
    let demo;
    let browser;
    before(async () => {
      [demo, browser] = await Promise.all([startDemo({ engine }), launch()]);
    });
    after(async () => {
      await browser?.close();
      await demo?.stop();
    });

    for (const { language, persona, name, born, family } of SCENES) {
      test(`in ${language}`, async () => {
        // Half of the scenes on a telephone in the dark.
        const phone = engine === 'postgres' ? { viewport: { width: 360, height: 740 }, scheme: 'dark' } : {};
        const desk = await Visitor.open(browser, { language, ...phone });
        const scene = { engine, language, persona, name, born, family };
        await desk.through(demo, `scene-${engine}-${language}.png`, () => play(desk, demo, scene));
        const faults = demo.journal.filter((line) => /"level":"ERROR"/.test(line));
        assert.deepEqual(faults, [], 'no fault in the journal');
      });
    }
  });
}

async function play(desk, demo, { engine, language, persona, name, born, family }) {
  const { page } = desk;
  await page.goto(`${demo.origin}/demo`);
  await desk.check('the demonstration page');
  await page.goto(demo.origin);
  await desk.check('front page');

  await signIn(desk, demo, AIDANT, { errors: true });
  await page.goto(demo.origin);
  await desk.check('home of the aidant');

  const onStep = async (step) => {
    await desk.picture(`scene-${engine}-${step}-${language}.png`);
    // The picture of the README.
    if (step === 'domains' && engine === 'sqlite' && language === 'fr') await desk.picture(path.join(root, 'docs/desk.png'));
  };
  const reference = await makeMandate(desk, demo, {
    email: AIDANT, persona, domains: ['argent', 'famille'], errors: true, onStep,
  });
  await page.goto(`${demo.origin}/mandates`);
  await desk.check('mandates');
  await page.goto(`${demo.origin}/mandates/${reference}`);
  await desk.check('the mandate');

  await useTaxes(desk, demo, { name, born, family });

  // Ending the use leaves the desk session alone.
  await page.goto(`${demo.origin}/uses`);
  await desk.check('uses');
  await page.goto(`${demo.origin}/mandates/${reference}`);
  assert.equal(page.url(), `${demo.origin}/mandates/${reference}`, 'still signed in at the desk');
  await signOut(desk);

  await auditorReads(desk, demo, reference);
}

async function useTaxes(desk, demo, { name, born, family }) {
  const { page } = desk;
  const taxes = await service(demo, 'impots');
  await page.goto(taxes);
  await desk.check('taxes, front page');
  await submit(page, '#sign-in');
  await chooseUserAndGrant(desk, { name, errors: true });
  await page.waitForURL((url) => url.origin === taxes);
  await desk.check('taxes, the space');
  const identity = await page.locator('#identity').innerText();
  assert.ok(identity.includes(born), `the birth date is replayed exactly: ${identity}`);
  assert.ok(identity.includes(family), identity);
  assert.equal(await page.locator('#mandate').count(), 1, 'the service is told who acts');
  await submit(page, '#formality');
  await desk.check('taxes, the formality');
  await submit(page, '#send');
  await desk.check('taxes, the formality refused');
  await page.fill('#amount', '14200');
  await submit(page, '#send');
  await desk.check('taxes, done');
  await submit(page, '#sign-out');
  await desk.check('after sign-out at the service');
}

async function signOut(desk) {
  await desk.page.locator('details.who').evaluate((menu) => (menu.open = true));
  await submit(desk.page, 'form[action="/sign-out"] button');
  await desk.check('signed out');
}

async function auditorReads(desk, demo, reference) {
  const { page } = desk;
  await signIn(desk, demo, AUDITOR);
  await page.goto(`${demo.origin}/log`);
  await desk.check('the log');
  await page.goto(`${demo.origin}/log/mandates/${reference}`);
  await desk.check('the story of the mandate');
  const story = await page.locator('main').innerText();
  assert.ok(story.includes(reference));
  assert.ok((await page.locator('.timeline li').count()) >= 6, 'the story has its steps');
  await desk.picture(`story-${desk.language}.png`, { fullPage: true });
  await signOut(desk);
}
