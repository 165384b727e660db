"""A service from the sign-in to the sign-out, in Python with Authlib (pip install authlib requests).

ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI SIGNED_OUT_URI python service.py
"""

import json
import os
import uuid
from urllib.parse import urlencode

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, client_id, client_secret, redirect_uri, signed_out_uri = (
    os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "SIGNED_OUT_URI")
)
at = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
service = OAuth2Session(
    client_id,
    client_secret,
    scope="openid profile birth",
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
)

# 1. Authorize, with PKCE: the aidant's browser comes to us, and goes back with a code.
verifier, nonce = generate_token(48), generate_token(24)
address, state = service.create_authorization_url(at["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
print("Open:", address, flush=True)
print("The address the browser went back to:", flush=True)
back = input()

# 2. The code against tokens; the session checks the state, and we the ID token.
tokens = service.fetch_token(at["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state)
keys = KeySet.import_key_set(requests.get(at["jwks_uri"], timeout=10).json())
claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
expected = {"iss": issuer, "aud": client_id, "nonce": nonce}
jwt.JWTClaimsRegistry(
    leeway=120, exp={"essential": True}, **{name: {"essential": True, "value": value} for name, value in expected.items()}
).validate(claims)

# 3. Who the user is.
person = service.get(at["userinfo_endpoint"])
person.raise_for_status()
print("userinfo:", json.dumps(person.json()))

# 4. What the token is worth now: who acts, under which mandate.
worth = service.introspect_token(at["introspection_endpoint"], token=tokens["access_token"]).json()
print("introspection:", json.dumps(worth))

# 5. May this aidant act for this user, now?
question = {
    "subject": {"type": "aidant", "id": worth["act"]["sub"], "properties": {"structure": worth["act"]["act"]["sub"]}},
    "action": {"name": "act"},
    "resource": {"type": "user", "id": worth["sub"]},
}
check = requests.post(f"{issuer}/access/v1/evaluation", auth=(client_id, client_secret), json=question, timeout=10)
check.raise_for_status()
print("check:", json.dumps(check.json()))

# 6. What was done. The key makes it safe to send again.
report = {"type": "tax.declared", "label": "Déclaration de revenus", "reference": "17", "outcome": "done"}
done = service.post(f"{issuer}/actions", json=report, headers={"idempotency-key": str(uuid.uuid4())})
done.raise_for_status()
print("action:", json.dumps(done.json()))

# 7. Sign-out, by the browser again.
leaving = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": signed_out_uri, "state": state}
print("Open:", f"{at['end_session_endpoint']}?{urlencode(leaving)}")
