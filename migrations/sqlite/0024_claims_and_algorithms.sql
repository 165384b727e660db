-- Claims that a request asks for one by one: given with what the code gives.
ALTER TABLE authorization_code ADD COLUMN claims TEXT; -- JSON; null: none

-- Two more algorithms sign; none of them is RS256 where security is high. A service has a secret or signs, never both.
ALTER TABLE client ADD COLUMN signed_with TEXT NOT NULL DEFAULT 'ES256' CHECK (signed_with IN ('ES256', 'RS256', 'PS256', 'EdDSA') AND (profile <> 'high_security' OR signed_with <> 'RS256') AND (secret_hash IS NULL) = (auth_method = 'private_key_jwt'));
UPDATE client SET signed_with = id_token_alg;
ALTER TABLE client DROP COLUMN id_token_alg;
ALTER TABLE client RENAME COLUMN signed_with TO id_token_alg;
ALTER TABLE client ADD COLUMN userinfo_with TEXT CHECK (userinfo_with IN ('ES256', 'RS256', 'PS256', 'EdDSA') AND (profile <> 'high_security' OR userinfo_with <> 'RS256'));
UPDATE client SET userinfo_with = userinfo_alg;
ALTER TABLE client DROP COLUMN userinfo_alg;
ALTER TABLE client RENAME COLUMN userinfo_with TO userinfo_alg;

DROP INDEX signing_key_one_current;
ALTER TABLE signing_key ADD COLUMN signs_with TEXT NOT NULL DEFAULT 'ES256' CHECK (signs_with IN ('ES256', 'RS256', 'PS256', 'EdDSA'));
UPDATE signing_key SET signs_with = alg;
ALTER TABLE signing_key DROP COLUMN alg;
ALTER TABLE signing_key RENAME COLUMN signs_with TO alg;
CREATE UNIQUE INDEX signing_key_one_current ON signing_key (alg) WHERE state = 'current';
