"""schemathesis, as published, against /openapi.json of the running program: no 500, and no answer whose status, type,
headers or shape the document does not announce. It calls as a registered service in whose hands a live token is."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from aidant import HERE, AidantTest

LONG = os.environ.get("TESTS_LONG") == "yes"

# Which forms are good, the document cannot say: a code, an address that is registered, one way of showing who one is.
SETTINGS = """
[auth.openapi.client_basic]
username = "{client_id}"
password = "{secret}"

[auth.openapi.token]
bearer = "{token}"

[[operations]]
include-path-regex = "^/(par|token|introspect|revoke|userinfo)$"
checks.positive_data_acceptance.enabled = false
"""


class OpenApiTest(AidantTest):
    def signed_in(self):
        """Registers a service and signs in; gives its settings, and what its requests may hold."""
        at, client_id = self.aidant.origin, "schemathesis"
        secret = self.aidant.ask("register", client_id)["secret"]
        session = OAuth2Session(
            client_id, secret, scope="openid", redirect_uri=self.aidant.redirect_uri, code_challenge_method="S256"
        )
        verifier = generate_token(48)
        to_us, _ = session.create_authorization_url(f"{at}/authorize", code_verifier=verifier)
        back = self.aidant.ask("authorize", to_us)["url"]
        token = session.fetch_token(f"{at}/token", authorization_response=back, code_verifier=verifier)["access_token"]
        worth = session.introspect_token(f"{at}/introspect", token=token).json()
        known = {
            "token": token,
            "request": {"response_type": "code", "redirect_uri": self.aidant.redirect_uri, "scope": "openid"},
            "question": {
                "subject": {
                    "type": "aidant",
                    "id": worth["act"]["sub"],
                    "properties": {"structure": worth["act"]["act"]["sub"]},
                },
                "action": {"name": "act"},
                "resource": {"type": "user", "id": worth["sub"]},
            },
        }
        return SETTINGS.format(client_id=client_id, secret=secret, token=token), known

    def test_every_answer_is_announced(self):
        settings, known = self.signed_in()
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "schemathesis.toml").write_text(settings)
            (Path(folder) / "known.json").write_text(json.dumps(known))
            # Here the same requests each time; in the long run new ones for ten minutes.
            bounds = ["--max-time=600", "--generation-database=none"] if LONG else ["--max-examples=10", "--generation-deterministic"]
            done = subprocess.run(
                [
                    Path(sys.executable).parent / "schemathesis",
                    "run",
                    f"{self.aidant.origin}/openapi.json",
                    *bounds,
                    "--continue-on-failure",
                    "--no-color",
                    f"--report-json-path={folder}/report.json",
                ],
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(HERE),
                    "SCHEMATHESIS_HOOKS": "openapi_hooks",
                    "TESTS_OPENAPI": f"{folder}/known.json",
                },
                capture_output=True,
                text=True,
                timeout=1200 if LONG else 240,
            )
            self.assertEqual(done.returncode, 0, done.stdout[:20_000] + done.stderr[-2_000:])


if __name__ == "__main__":
    unittest.main()
