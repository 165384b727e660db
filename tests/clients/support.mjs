// What both published clients meet: the demonstration, a registered service, an aidant at a browser, and a wire on
// which our token response is changed.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { launch, Visitor } from '../browser/support/browser.mjs';
import { AIDANT, chooseUserAndGrant, makeMandate, signIn } from '../browser/support/scene.mjs';
import { startDemo, verb } from '../browser/support/server.mjs';

/** A running demonstration in which the aidant holds a mandate of Josette Martin, at a browser signed in. */
export async function scene(engine) {
  const demo = await startDemo({ engine });
  // Where browsers are sent back to: the service reads the address, the page matters to nobody.
  const landing = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(landing, 'listening');
  const redirectUri = `http://localhost:${landing.address().port}/callback`;
  const signedOutUri = `http://localhost:${landing.address().port}/signed-out`;
  const browser = await launch();
  const aidant = await Visitor.open(browser, { language: 'fr' });
  await signIn(aidant, demo, AIDANT);
  const reference = await makeMandate(aidant, demo, { email: AIDANT, persona: 'josette', domains: ['argent'] });
  return {
    demo,
    aidant,
    redirectUri,
    signedOutUri,
    testClient: testClient(demo),
    /** Registers a service; gives its credentials. */
    async register(clientId, ...options) {
      const told = await verb(demo, '--config', demo.data, 'clients', 'add', clientId,
        '--name', `Service ${clientId}`, '--redirect-uri', redirectUri, '--domain', 'argent',
        ...['profile', 'email', 'birth'].flatMap((scope) => ['--scope', scope]), ...options);
      return { clientId, secret: /client_secret\s+(\S+)/.exec(told)?.[1] };
    },
    /** Runs a verb of the command line on the demonstration's data; gives what it printed. */
    verb: (...words) => verb(demo, '--config', demo.data, ...words),
    /** What proves the mandate on its paper. */
    async paper() {
      await aidant.page.goto(`${demo.origin}/mandates/${reference}/attestation`);
      const text = await aidant.page.locator('main').innerText();
      const [, entry, leaf] = /([0-9a-f]{8}-[0-9a-f-]{27})\s+([0-9a-f]{64})/.exec(text);
      return { promise: /EP1~[\w.:/=~-]+/.exec(text)[0], entry, leaf };
    },
    /** The aidant follows a service's request; gives the address the browser is sent back to. */
    authorize: (url, returnsTo = redirectUri) => answered(returnsTo, async () => {
      const { page } = aidant;
      const back = page.waitForRequest((request) => request.isNavigationRequest() && request.url().startsWith(returnsTo));
      await page.goto(String(url));
      // A use of the service may still be alive from before: it goes on for the same person.
      if (page.url().startsWith(demo.origin)) {
        await chooseUserAndGrant(aidant, { name: 'Josette' });
      }
      return (await back).url();
    }),
    /** The aidant's browser follows the service's sign-out; gives where it ends. */
    leave: (url, returnsTo = signedOutUri) => answered(returnsTo, async () => {
      await aidant.page.goto(String(url));
      return aidant.page.url();
    }),
    /** Whether the aidant is still signed in at the desk. */
    async atTheDesk() {
      await aidant.page.goto(`${demo.origin}/mandates`);
      return aidant.page.url() === `${demo.origin}/mandates`;
    },
    async stop() {
      landing.close();
      landing.closeAllConnections();
      await aidant.context.close();
      await browser.close();
      await demo.stop();
    },
  };
}

/** What the demonstration printed of the client that is there for trials. */
function testClient(demo) {
  const told = (name) => demo.journal.map((line) => new RegExp(`${name}\\s+(\\S+)`).exec(line)?.[1]).find(Boolean);
  return { clientId: told('client_id'), secret: told('client_secret'), redirectUri: told('redirect_uri') };
}

/** Does something while somebody answers at an address; whoever answers there already may go on. */
async function answered(address, during) {
  const server = createServer((_, response) => response.end('ok')).listen(Number(new URL(address).port), '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve).once('error', resolve));
  try {
    return await during();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** A wire that changes one claim of the ID token in our token response, keeping its signature. */
export async function tamperingWire(origin) {
  const changed = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = { ...request.headers };
    delete headers.host;
    delete headers.connection;
    delete headers['content-length'];
    const answer = await fetch(origin + request.url, { method: request.method, headers, body: Buffer.concat(chunks) });
    let body = await answer.text();
    const json = JSON.parse(body);
    if (json.id_token) {
      const [head, payload, signature] = json.id_token.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url'));
      claims.sub = claims.sub.startsWith('A') ? `B${claims.sub.slice(1)}` : `A${claims.sub.slice(1)}`;
      json.id_token = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
      changed.push(claims.sub);
      body = JSON.stringify(json);
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, changed, stop: () => server.close() };
}
