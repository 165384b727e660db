"""Authlib, as published: a sign-in (code + PKCE), a tampered ID token of ours refused, and what comes after a sign-in:
refresh, introspection, revocation, sign-out; with a secret, and with assertions signed by the service's own key."""

import json
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from flask import Flask, jsonify
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from aidant import AidantTest


def service(aidant, client_id, secret, algorithm, method, **changes):
    """A service as its author would write it with Authlib's Flask integration."""
    app = Flask(client_id)
    app.secret_key = "of this test"
    oauth = OAuth(app)
    oauth.register(
        "entremise",
        client_id=client_id,
        client_secret=secret,
        server_metadata_url=f"{aidant.origin}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile birth",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": algorithm,
        },
        **changes,
    )

    @app.route("/sign-in")
    def sign_in():
        return oauth.entremise.authorize_redirect(aidant.redirect_uri)

    @app.route("/callback")
    def callback():
        token = oauth.entremise.authorize_access_token()
        person = oauth.entremise.userinfo(token=token)
        return jsonify(id_token=token["userinfo"], person=person)

    app.testing = True
    return app.test_client()


def sign_in(aidant, browser):
    """Follows the service's own redirection to us, and comes back with the answer."""
    to_us = browser.get("/sign-in").headers["Location"]
    back = urlsplit(aidant.ask("authorize", to_us)["url"])
    return browser.get(f"{back.path}?{back.query}")


class AuthlibTest(AidantTest):
    def completes_and_refuses(self, algorithm, method):
        name = f"authlib-{algorithm.lower()}"
        registered = self.aidant.ask(
            "register", name, "--id-token-alg", algorithm, "--auth-method", method
        )
        answer = sign_in(self.aidant, service(self.aidant, name, registered["secret"], algorithm, method))
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json["id_token"]["iss"], self.aidant.origin)
        self.assertEqual(answer.json["id_token"]["aud"] in (name, [name]), True)
        self.assertEqual(answer.json["person"]["sub"], answer.json["id_token"]["sub"])
        self.assertEqual(answer.json["person"]["family_name"], "Martin")
        self.assertEqual(answer.json["person"]["birthdate"], "1948-03-04")

        wire = self.aidant.ask("wire")["origin"]
        tapped = service(
            self.aidant, name, registered["secret"], algorithm, method, access_token_url=f"{wire}/token"
        )
        with self.assertRaises(JoseError) as refused:
            sign_in(self.aidant, tapped)
        self.assertIn("signature", str(refused.exception).lower())

    def test_es256_basic(self):
        self.completes_and_refuses("ES256", "client_secret_basic")

    def test_rs256_post(self):
        self.completes_and_refuses("RS256", "client_secret_post")

    def session(self, name, credential, **changes):
        """A service as its author would write it with Authlib's session for requests."""
        return OAuth2Session(
            name,
            credential,
            scope="openid profile birth",
            redirect_uri=self.aidant.redirect_uri,
            code_challenge_method="S256",
            **changes,
        )

    def lives_and_ends(self, session):
        """From the sign-in to the revocation; gives the first answer of the token endpoint."""
        at = self.aidant.origin
        verifier = generate_token(48)
        to_us, _ = session.create_authorization_url(f"{at}/authorize", code_verifier=verifier)
        back = self.aidant.ask("authorize", to_us)["url"]
        first = session.fetch_token(f"{at}/token", authorization_response=back, code_verifier=verifier)

        def worth(token):
            return session.introspect_token(f"{at}/introspect", token=token).json()

        self.assertTrue(worth(first["access_token"])["active"])
        second = session.refresh_token(f"{at}/token", refresh_token=first["refresh_token"])
        self.assertNotEqual(second["access_token"], first["access_token"])
        self.assertEqual(session.get(f"{at}/userinfo").json()["family_name"], "Martin")

        self.assertEqual(session.revoke_token(f"{at}/revoke", token=second["access_token"]).status_code, 200)
        self.assertEqual(worth(second["access_token"]), {"active": False})
        with self.assertRaises(OAuthError) as refused:
            session.refresh_token(f"{at}/token", refresh_token=second["refresh_token"])
        self.assertEqual(refused.exception.error, "invalid_grant")
        return first

    def test_what_comes_after(self):
        registered = self.aidant.ask(
            "register", "authlib-after", "--refresh", "--post-logout-redirect-uri", self.aidant.signed_out_uri
        )
        first = self.lives_and_ends(self.session("authlib-after", registered["secret"]))
        leaving = {
            "id_token_hint": first["id_token"],
            "post_logout_redirect_uri": self.aidant.signed_out_uri,
            "state": "leaving",
        }
        left = self.aidant.ask("leave", f"{self.aidant.origin}/end_session?{urlencode(leaving)}")["url"]
        self.assertEqual(left, f"{self.aidant.signed_out_uri}?state=leaving")

    def test_private_key_jwt(self):
        """The service proves itself by ES256 assertions whose audience is the issuer, at every endpoint."""
        own = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "jwks.json"
            file.write_text(json.dumps({"keys": [own.as_dict(private=False)]}))
            self.aidant.ask(
                "register", "authlib-key", "--refresh", "--auth-method", "private_key_jwt", "--jwks-file", str(file)
            )

        def session(key, audience):
            method = "private_key_jwt"
            signed = self.session(
                "authlib-key", key, token_endpoint_auth_method=method, revocation_endpoint_auth_method=method
            )
            signed.register_client_auth_method(PrivateKeyJWT(audience, headers={"kid": "one"}, alg="ES256"))
            return signed

        first = self.lives_and_ends(session(own, self.aidant.origin))
        self.assertIn("id_token", first)

        stranger = ECKey.generate_key("P-256", {"kid": "one"})
        for key, audience in [(stranger, self.aidant.origin), (own, f"{self.aidant.origin}/token")]:
            with self.assertRaises(OAuthError) as refused:
                session(key, audience).refresh_token(f"{self.aidant.origin}/token", refresh_token="any")
            self.assertEqual(refused.exception.error, "invalid_client")


if __name__ == "__main__":
    unittest.main()
