-- What each service may ask to know of the user, in words of scopes; those registered before may ask for all, as they could.
ALTER TABLE client ADD COLUMN scopes TEXT NOT NULL DEFAULT 'openid profile email birth' CHECK (scopes = 'openid' OR scopes LIKE 'openid %');
