-- What each service may do and must prove, its keys, and the memory of what was shown once.
ALTER TABLE client ADD COLUMN profile TEXT NOT NULL DEFAULT 'general' CHECK (profile IN ('general', 'high_security', 'franceconnect'));
ALTER TABLE client ADD COLUMN requires_par INTEGER NOT NULL DEFAULT FALSE CHECK (requires_par OR profile <> 'high_security');
ALTER TABLE client ADD COLUMN requires_dpop INTEGER NOT NULL DEFAULT FALSE CHECK (requires_dpop OR profile <> 'high_security');
-- Holds to the limits of a narrowed grant: only then is one offered there.
ALTER TABLE client ADD COLUMN enforces_limits INTEGER NOT NULL DEFAULT FALSE CHECK (tells_actor OR NOT enforces_limits);
ALTER TABLE client ADD COLUMN may_refresh INTEGER NOT NULL DEFAULT FALSE;
-- May ask of tokens that were issued to other services.
ALTER TABLE client ADD COLUMN is_resource_server INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE client ADD COLUMN userinfo_alg TEXT CHECK (userinfo_alg IN ('ES256', 'RS256')); -- null: plain JSON
ALTER TABLE client ADD COLUMN backchannel_logout_uri TEXT;
ALTER TABLE client ADD COLUMN jwks TEXT; -- its public keys, a JWK Set, given at registration
ALTER TABLE client ADD COLUMN jwks_uri TEXT CHECK (jwks_uri IS NULL OR jwks IS NULL); -- or where it publishes them
UPDATE client SET enforces_limits = TRUE WHERE tells_actor AND NOT is_hub;

-- A third way of authenticating, without a secret; and two secrets at a time while one replaces the other.
ALTER TABLE client ADD COLUMN method TEXT NOT NULL DEFAULT 'client_secret_basic' CHECK (method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt'));
ALTER TABLE client ADD COLUMN secret BLOB;
UPDATE client SET method = auth_method, secret = secret_hash;
ALTER TABLE client DROP COLUMN auth_method;
ALTER TABLE client DROP COLUMN secret_hash;
ALTER TABLE client RENAME COLUMN method TO auth_method;
ALTER TABLE client RENAME COLUMN secret TO secret_hash;
ALTER TABLE client ADD COLUMN previous_secret_hash BLOB;
ALTER TABLE client ADD COLUMN previous_secret_ends_at TEXT CHECK ((previous_secret_hash IS NULL) = (previous_secret_ends_at IS NULL));

-- A request that was pushed and not yet visited opens nothing by its own address.
ALTER TABLE authorization_request ADD COLUMN unvisited INTEGER NOT NULL DEFAULT FALSE;

-- Thumbprint of the key whose proof must come with the code, and with the token.
ALTER TABLE authorization_code ADD COLUMN dpop_jkt TEXT;
ALTER TABLE access_token ADD COLUMN dpop_jkt TEXT;

-- Client assertions and DPoP proofs already taken: none is taken twice, on whichever node.
CREATE TABLE spent_proof (
  proof_hash BLOB PRIMARY KEY, -- of its kind, its issuer or key, and its jti
  expires_at TEXT NOT NULL -- it would be refused for its age from then on
) STRICT;
CREATE INDEX spent_proof_expiry ON spent_proof (expires_at);
