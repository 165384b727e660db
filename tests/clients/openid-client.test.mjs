// `openid-client`, as published: a sign-in (code + PKCE), a tampered ID token of ours refused, and what comes after a
// sign-in: refresh, introspection, revocation, sign-out.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  test('refreshes, asks what a token is worth, gives it back, and signs out', async () => {
    const { clientId, secret } = await here.register('oc-after', '--refresh', '--post-logout-redirect-uri', here.signedOutUri);
    const config = await client.discovery(new URL(here.demo.origin), clientId,
      { id_token_signed_response_alg: 'ES256' }, client.ClientSecretBasic(secret), { execute: [client.allowInsecureRequests] });
    const { url, checks } = await request(config, here.redirectUri);
    const first = await client.authorizationCodeGrant(config, new URL(await here.authorize(url)), checks);
    const { sub } = first.claims();

    const worth = await client.tokenIntrospection(config, first.access_token);
    assert.equal(worth.active, true);
    assert.equal(worth.sub, sub);
    assert.ok(worth.act?.sub && worth.authorization_details, 'who acts, and under which mandate');

    const second = await client.refreshTokenGrant(config, first.refresh_token);
    assert.notEqual(second.access_token, first.access_token);
    assert.equal((await client.fetchUserInfo(config, second.access_token, sub)).family_name, 'Martin');

    await client.tokenRevocation(config, second.access_token);
    assert.deepEqual(await client.tokenIntrospection(config, second.access_token), { active: false });
    await assert.rejects(client.fetchUserInfo(config, second.access_token, sub));
    await assert.rejects(client.refreshTokenGrant(config, second.refresh_token), { error: 'invalid_grant' });

    const leaving = client.buildEndSessionUrl(config, {
      id_token_hint: first.id_token, post_logout_redirect_uri: here.signedOutUri, state: 'leaving',
    });
    assert.equal(await here.leave(leaving), `${here.signedOutUri}?state=leaving`);
    assert.ok(await here.atTheDesk(), 'the desk goes on');
  });

  test('under FAPI 2.0: pushes its request, signs its assertions, holds the key of its tokens', async () => {
    const own = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const folder = await mkdtemp(join(tmpdir(), 'jwks-'));
    const file = join(folder, 'jwks.json');
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', own.publicKey);
    await writeFile(file, JSON.stringify({ keys: [{ kty, crv, x, y, kid: 'one', alg: 'ES256', use: 'sig' }] }));
    const service = await here.register('oc-fapi', '--profile', 'high_security', '--jwks-file', file, '--refresh');
    await rm(folder, { recursive: true });
    const authentication = client.PrivateKeyJwt({ key: own.privateKey, kid: 'one' });
    const config = await client.discovery(new URL(here.demo.origin), service.clientId,
      { id_token_signed_response_alg: 'ES256', [client.clockSkew]: here.demo.ahead }, authentication, { execute: [client.allowInsecureRequests] });
    client.enableNonRepudiationChecks(config);

    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const { parameters, checks } = await asked(here.redirectUri);
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    const back = new URL(await here.authorize(url));
    const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
    assert.equal(tokens.token_type, 'dpop');
    const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
    assert.equal(person.family_name, 'Martin');

    const stolen = await fetch(`${here.demo.origin}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.equal(stolen.status, 401, 'nobody else can use it');
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    assert.equal(renewed.token_type, 'dpop');
    const told = await client.tokenIntrospection(config, renewed.access_token);
    assert.ok(told.active && told.cnf.jkt);
    await client.tokenRevocation(config, renewed.access_token);
    assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, false);
  });
});

async function request(config, redirectUri) {
  const { parameters, checks } = await asked(redirectUri);
  return { url: client.buildAuthorizationUrl(config, parameters), checks };
}

/** What a service asks, and what it must find in the answer. */
async function asked(redirectUri) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid profile birth',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  };
  return { parameters, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}
