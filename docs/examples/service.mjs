// A service from the sign-in to the sign-out, in Node with openid-client 6 (npm install openid-client).
//   ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI SIGNED_OUT_URI node service.mjs
import { randomUUID } from 'node:crypto';
import readline from 'node:readline/promises';
import * as client from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SIGNED_OUT_URI } = process.env;
const onThisMachine = new URL(ISSUER).protocol === 'http:';
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, { id_token_signed_response_alg: 'ES256' },
  client.ClientSecretBasic(CLIENT_SECRET), { execute: onThisMachine ? [client.allowInsecureRequests] : [] });
client.enableNonRepudiationChecks(config);

// 1. Authorize, with PKCE: the aidant's browser comes to us, and goes back with a code.
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid profile birth',
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
});
console.log(`Open: ${address}`);
console.log('The address the browser went back to:');
const lines = readline.createInterface({ input: process.stdin });
const [back] = await new Promise((read) => lines.once('line', (...line) => read(line)));
lines.close();

// 2. The code against tokens; state, nonce, issuer and signature are checked.
const tokens = await client.authorizationCodeGrant(config, new URL(back), { pkceCodeVerifier, expectedState, expectedNonce });
const { sub } = tokens.claims();

// 3. Who the user is.
console.log('userinfo:', JSON.stringify(await client.fetchUserInfo(config, tokens.access_token, sub)));

// 4. What the token is worth now: who acts, under which mandate.
const worth = await client.tokenIntrospection(config, tokens.access_token);
console.log('introspection:', JSON.stringify(worth));

// 5. May this aidant act for this user, now?
const basic = [CLIENT_ID, CLIENT_SECRET].map(encodeURIComponent).join(':');
const check = await post('/access/v1/evaluation', { authorization: `Basic ${btoa(basic)}` }, {
  subject: { type: 'aidant', id: worth.act.sub, properties: { structure: worth.act.act.sub } },
  action: { name: 'act' },
  resource: { type: 'user', id: worth.sub },
});
console.log('check:', JSON.stringify(check));

// 6. What was done. The key makes it safe to send again.
const done = await post('/actions', { authorization: `Bearer ${tokens.access_token}`, 'idempotency-key': randomUUID() },
  { type: 'tax.declared', label: 'Déclaration de revenus', reference: '17', outcome: 'done' });
console.log('action:', JSON.stringify(done));

// 7. Sign-out, by the browser again.
console.log(`Open: ${client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token, post_logout_redirect_uri: SIGNED_OUT_URI, state: expectedState,
})}`);

async function post(path, headers, body) {
  const answer = await fetch(ISSUER + path, {
    method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
