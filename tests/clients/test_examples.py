"""The worked examples of the documents, run as they are, with the demonstration's own test client."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from aidant import HERE, AidantTest

EXAMPLES = HERE.parent.parent / "docs" / "examples"


class ExamplesTest(AidantTest):
    def runs(self, *command):
        client = self.aidant.test_client
        service = subprocess.Popen(
            command,
            cwd=HERE,
            env={
                **os.environ,
                "ISSUER": self.aidant.origin,
                "CLIENT_ID": client["clientId"],
                "CLIENT_SECRET": client["secret"],
                "REDIRECT_URI": client["redirectUri"],
                "SIGNED_OUT_URI": client["redirectUri"].replace("callback", "signed-out"),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            address = service.stdout.readline().removeprefix("Open: ").strip()
            self.assertTrue(address.startswith(self.aidant.origin), address)
            back = self.aidant.ask("authorize", address, client["redirectUri"])["url"]
            told, _ = service.communicate(back + "\n", timeout=60)
        finally:
            service.kill()
        self.assertEqual(service.returncode, 0, told)
        lines = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
        answers = {name: json.loads(lines[name]) for name in ("userinfo", "introspection", "check", "action")}
        self.assertEqual(answers["userinfo"]["family_name"], "Martin")
        self.assertTrue(answers["introspection"]["active"])
        self.assertEqual(answers["introspection"]["sub"], answers["userinfo"]["sub"])
        self.assertEqual(answers["check"], {"decision": True})
        self.assertTrue(answers["action"]["id"])
        left = self.aidant.ask("leave", lines["Open"], client["redirectUri"])["url"]
        self.assertTrue(left.startswith(client["redirectUri"].replace("callback", "signed-out?state=")), left)

    def test_curl(self):
        self.runs("bash", str(EXAMPLES / "service.sh"))

    def test_node(self):
        # A library is looked for beside the program that names it.
        beside = HERE / "service.example.mjs"
        beside.write_bytes((EXAMPLES / "service.mjs").read_bytes())
        self.addCleanup(beside.unlink)
        self.runs("node", beside.name)

    def test_python(self):
        self.runs(sys.executable, str(EXAMPLES / "service.py"))


if __name__ == "__main__":
    unittest.main()
