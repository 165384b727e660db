// The yardstick: npm oidc-provider 9, ES256, everything in memory, codes issued beforehand.
//   node server.mjs CODES FILE   prints "READY address basic-credentials redirect-uri paths…" and serves until stdin closes.
import { createHash, generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const [count, file] = [Number(process.argv[2]), process.argv[3]];
const redirectUri = "https://bench.example/cb";

// The library's own in-memory store keeps the last thousand entries only; this one keeps all, and does no more.
const stores = new Map();
class Memory {
  constructor(name) {
    if (!stores.has(name)) stores.set(name, new Map());
    this.store = stores.get(name);
  }
  async upsert(id, payload) { this.store.set(id, payload); }
  async find(id) { return this.store.get(id); }
  async findByUid(uid) { for (const payload of this.store.values()) if (payload.uid === uid) return payload; }
  async findByUserCode() {}
  async consume(id) { this.store.get(id).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { this.store.delete(id); }
  async revokeByGrantId(grantId) {
    for (const store of stores.values()) for (const [id, payload] of store) if (payload.grantId === grantId) store.delete(id);
  }
}

// Under FAPI 2.0 where the key of the load is given: its service pushes, signs its assertions, holds its tokens.
const key = process.env.BENCH_FAPI_KEY && JSON.parse(process.env.BENCH_FAPI_KEY);
const fapi = key && { token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256",
  jwks: { keys: [key] }, dpop_bound_access_tokens: true, require_pushed_authorization_requests: true };
const jkt = key && createHash("sha256").update(JSON.stringify({ crv: key.crv, kty: key.kty, x: key.x, y: key.y })).digest("base64url");
const bound = key && { dpopJkt: jkt, codeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", codeChallengeMethod: "S256" };

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const claims = { given_name: "Josette Angélique", family_name: "Martin", birthdate: "1962-00-00", gender: "female",
  birthplace: "2A004", birthcountry: "99100", email: "josette@example.fr" };
const provider = new Provider("http://127.0.0.1", {
  adapter: Memory,
  clients: [{ client_id: "bench", client_secret: "a-secret-of-the-bench-0123456789", redirect_uris: [redirectUri],
    id_token_signed_response_alg: "ES256", token_endpoint_auth_method: "client_secret_basic", ...fapi }],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "bench" }] },
  claims: { openid: ["sub"], profile: ["given_name", "family_name", "birthdate", "gender"], email: ["email"],
    birth: ["birthplace", "birthcountry"] },
  scopes: ["openid", "profile", "email", "birth"],
  pkce: { required: () => Boolean(fapi) },
  clientAuthMethods: ["client_secret_basic", "private_key_jwt"],
  features: { devInteractions: { enabled: false }, introspection: { enabled: true }, dPoP: { enabled: Boolean(fapi) },
    pushedAuthorizationRequests: { enabled: true } },
  ttl: { AuthorizationCode: 3600, AccessToken: 600, IdToken: 300, Grant: 3600 },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...claims }) }),
});

const codes = [];
for (let at = 0; at < count; at += 1) {
  const accountId = `user-${at % 500}`;
  const grant = new provider.Grant({ accountId, clientId: "bench" });
  grant.addOIDCScope("openid profile email birth");
  const grantId = await grant.save();
  const client = await provider.Client.find("bench");
  const code = new provider.AuthorizationCode({ accountId, client, grantId, redirectUri,
    scope: "openid profile email birth", nonce: "n0nce", authTime: Math.floor(Date.now() / 1000), expiresWithSession: false, ...bound });
  codes.push(await code.save());
}
writeFileSync(file, codes.join("\n"));
const server = provider.listen(0, "127.0.0.1", () => {
  const basic = Buffer.from("bench:a-secret-of-the-bench-0123456789").toString("base64");
  console.log(`READY 127.0.0.1:${server.address().port} ${basic} ${redirectUri} /token /me /token/introspection`
    + ` /request http://127.0.0.1 http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
