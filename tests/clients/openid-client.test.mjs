// `openid-client`, as published, completes a sign-in (code + PKCE) and refuses a tampered ID token of ours.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as client from 'openid-client';
import { scene, tamperingWire } from './support.mjs';

describe('openid-client', () => {
  let here;
  before(async () => {
    here = await scene('sqlite');
  });
  after(() => here?.stop());

  for (const [algorithm, method] of [['ES256', 'client_secret_basic'], ['RS256', 'client_secret_post']]) {
    test(`signs in with ${algorithm} and ${method}, and refuses a tampered ID token`, async () => {
      const service = await here.register(`oc-${algorithm.toLowerCase()}`,
        '--id-token-alg', algorithm, '--auth-method', method);
      const authentication = method === 'client_secret_basic'
        ? client.ClientSecretBasic(service.secret) : client.ClientSecretPost(service.secret);
      const config = await client.discovery(new URL(here.demo.origin), service.clientId,
        { id_token_signed_response_alg: algorithm }, authentication, { execute: [client.allowInsecureRequests] });
      // Without this the library trusts TLS for an ID token that comes straight from the token endpoint.
      client.enableNonRepudiationChecks(config);

      const { url, checks } = await request(config, here.redirectUri);
      const tokens = await client.authorizationCodeGrant(config, new URL(await here.authorize(url)), checks);
      const claims = tokens.claims();
      assert.equal(claims.iss, here.demo.origin);
      const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
      assert.equal(person.family_name, 'Martin');
      assert.equal(person.birthdate, '1948-03-04');
      assert.ok(claims.act?.sub, 'the service is told who acts');

      const wire = await tamperingWire(here.demo.origin);
      try {
        const metadata = { ...config.serverMetadata(), token_endpoint: `${wire.origin}/token` };
        const tapped = new client.Configuration(metadata, service.clientId,
          { id_token_signed_response_alg: algorithm }, authentication);
        client.allowInsecureRequests(tapped);
        client.enableNonRepudiationChecks(tapped);
        const second = await request(tapped, here.redirectUri);
        const back = new URL(await here.authorize(second.url));
        await assert.rejects(client.authorizationCodeGrant(tapped, back, second.checks), (error) => {
          assert.match(String(error.cause?.message ?? error.message), /signature/i);
          return true;
        });
        assert.equal(wire.changed.length, 1, 'our answer was changed on the wire');
      } finally {
        wire.stop();
      }
    });
  }
});

async function request(config, redirectUri) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile birth',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}
