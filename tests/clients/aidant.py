"""The demonstration and an aidant at a browser, played by `aidant.mjs`."""

import json
import subprocess
import unittest
from pathlib import Path

HERE = Path(__file__).parent


class Aidant:
    def __init__(self):
        self.process = subprocess.Popen(
            ["node", "aidant.mjs"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started = self._answer()
        self.origin, self.redirect_uri = started["origin"], started["redirectUri"]
        self.data = started["data"]
        self.signed_out_uri, self.test_client = started["signedOutUri"], started.get("testClient")

    def ask(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the aidant's part ended (see above)")
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class AidantTest(unittest.TestCase):
    """One demonstration and one aidant, for all the tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.aidant = Aidant()

    @classmethod
    def tearDownClass(cls):
        cls.aidant.stop()
