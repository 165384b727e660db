"""docs/examples/check_log.py against the running program, as somebody outside would run it; and what was changed on the way."""

import base64
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aidant import HERE, AidantTest

DOCS = HERE.parent.parent / "docs"
sys.dont_write_bytecode = True
sys.path.insert(0, str(DOCS / "examples"))
import check_log  # noqa: E402


def flipped(raw, at=0):
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


class Between:
    """A wire between the program and the log on which one answer is changed."""

    def __init__(self, log, changes):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    with urllib.request.urlopen(log + self.path, timeout=10) as answer:
                        raw = answer.read()
                except urllib.error.HTTPError as refused:
                    return self.send_error(refused.code)
                for part, change in changes.items():
                    if part in self.path:
                        raw = change(raw)
                self.send_response(200)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class CheckLogTest(AidantTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.log = f"{cls.aidant.origin}/log"
        cls.key = cls.aidant.ask("verb", "log", "key")["told"].split()[0]
        cls.paper = cls.aidant.ask("paper")
        cls.hash = base64.b64encode(bytes.fromhex(cls.paper["leaf"])).decode()
        for _ in range(60):
            if cls.told("promise", cls.paper["promise"], cls.log)[0] != 3:
                break
            time.sleep(1)
        # The demonstration's own key: what only the log itself could sign.
        seed = (Path(cls.aidant.data) / "keys" / "log.key").read_text().split()[0]
        cls.signer = Ed25519PrivateKey.from_private_bytes(check_log.from_base64url(seed))

    @classmethod
    def told(cls, verb, *words, key=None):
        done = subprocess.run(
            [sys.executable, str(DOCS / "examples" / "check_log.py"), verb, "--key", key or cls.key, *words],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        if "Traceback" in done.stderr:
            raise AssertionError(done.stderr)
        return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]

    def says(self, code, words, *command, **more):
        found, line = self.told(*command, **more)
        self.assertEqual(found, code, line)
        self.assertIn(words, line)

    def note(self, text):
        key = check_log.Key(self.key)
        return f"{text}\n\u2014 {key.name} {base64.b64encode(key.id + self.signer.sign(text.encode())).decode()}\n"

    def kept(self, name, text):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def head(self):
        return check_log.opened(check_log.Log(self.log).checkpoint(), [check_log.Key(self.key)])

    def test_the_public_log_from_outside(self):
        kept = str(self.folder / "kept")
        self.says(0, "holds: signed by the log", "checkpoint", "--save", kept, self.log)
        _, before, _, _ = self.head()
        self.aidant.ask("verb", "log", "receipt", self.paper["entry"])
        for _ in range(60):
            if self.head()[1] > before:
                break
            time.sleep(1)
        self.says(0, f"the {before} entries of your checkpoint are all there", "consistency", "--old", kept, self.log)
        self.says(0, "it is entry", "inclusion", "--leaf", self.paper["leaf"], self.log)
        nowhere = base64.b64encode(bytes(32)).decode()
        self.says(1, "no entry of the log has this hash", "inclusion", "--leaf", nowhere, self.log)
        self.assertEqual(self.told("checkpoint", self.log, key="x")[0], 2)
        self.says(3, "undecided", "checkpoint", "http://127.0.0.1:1/log")

    def test_a_promise_is_kept_in_public(self):
        self.says(0, "kept: it is entry", "promise", self.paper["promise"], self.log)
        mark, name, leaf, at, delay, signature = self.paper["promise"].split("~")
        other = base64.urlsafe_b64encode(flipped(check_log.from_base64url(leaf))).decode().rstrip("=")
        forged = "~".join([mark, name, other, at, delay, signature])
        self.says(1, "does not match", "promise", forged, self.log)
        self.says(1, "no promise", "promise", "EP2~x", self.log)

    def promised(self, at):
        """What the log signs, of a leaf it does not have."""
        key, at = check_log.Key(self.key), at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        leaf = bytes(32)
        text = f"entremise promise v1\n{key.name}\n{base64.b64encode(leaf).decode()}\n{at}\n300\n"
        url = lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")  # noqa: E731
        return f"EP1~{key.name}~{url(leaf)}~{at}~300~{url(key.id + self.signer.sign(text.encode()))}"

    def test_a_broken_promise_convicts(self):
        now = datetime.now(timezone.utc)
        self.says(1, "BROKEN", "promise", self.promised(now - timedelta(minutes=6)), self.log)
        self.says(3, "not due yet", "promise", self.promised(now - timedelta(minutes=1)), self.log)

    def test_what_was_changed_is_refused(self):
        leaf, promise = self.hash, self.paper["promise"]
        name, size, _, _ = self.head()
        kept = self.kept("before", check_log.Log(self.log).checkpoint())
        with Between(self.log, {"tile/0/": flipped}) as wire:
            self.says(1, "another root", "inclusion", "--leaf", leaf, wire)
            self.says(1, "another root", "promise", promise, wire)
            self.says(1, "signed root", "checkpoint", wire)
        # A server that hides a promised leaf must change the tile that holds it.
        hidden = lambda raw: raw.replace(base64.b64decode(leaf), bytes(32))  # noqa: E731
        with Between(self.log, {"tile/0/": hidden}) as wire:
            self.says(1, "signed root", "promise", promise, wire)
        with Between(self.log, {"checkpoint": lambda raw: raw.replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1))}) as wire:
            self.says(1, "does not match", "checkpoint", wire)
        with Between(self.log, {"tile/0/": lambda raw: raw[:-32]}) as wire:
            self.says(1, "bytes", "consistency", "--old", self.kept("small", self.note(f"{name}\n1\n{leaf}\n")), wire)
        for text, words in [
            (f"{name}\n{size // 2}\n{leaf}\n", "history was rewritten"),
            (f"{name}\n{size + 1000}\n{leaf}\n", "entries are gone"),
        ]:
            self.says(1, words, "consistency", "--old", self.kept("old", self.note(text)), self.log)
        self.says(3, "lost entries", "consistency", "--old", self.kept("epoch", self.epoch_note(size)), self.log)
        other = self.kept("forged", Path(kept).read_text().replace(f"\n{size}\n", f"\n{size + 1}\n"))
        self.says(1, "does not match", "consistency", "--old", other, self.log)

    def epoch_note(self, size):
        key = check_log.Key(self.key)
        key = key.named(f"{key.name}/epoch-7")
        text = f"{key.name}\n{size}\n{self.hash}\n"
        return f"{text}\n\u2014 {key.name} {base64.b64encode(key.id + self.signer.sign(text.encode())).decode()}\n"

    def test_a_receipt_and_a_story_hold(self):
        receipt = self.aidant.ask("verb", "log", "receipt", self.paper["entry"], "--part", "actor")["told"]
        self.says(0, "each entry is in the log", "receipt", self.kept("receipt", receipt))
        for change, words in [
            (lambda text: text.replace("mandate.signed", "mandate.closed"), "another root"),
            (lambda text: re.sub(r'("body":\{[^}]*?)a', r"\1o", text, count=1), "«actor» is not the one"),
            (lambda text: re.sub(r"index (\d+)", lambda at: f"index {int(at[1]) - 1}", text), "another root"),
            (lambda text: text.replace('"leaf":{', '"leaf":{ '), "another root"),
            (lambda text: text[: len(text) // 2], "no receipt"),
        ]:
            changed = change(receipt)
            self.assertNotEqual(changed, receipt)
            self.says(1, words, "receipt", self.kept("changed", changed))
        page = (DOCS / "log-format.md").read_text(encoding="utf-8")
        block = lambda name: re.search(f"```text {name}\n(.*?)```", page, re.S)[1]  # noqa: E731
        key, story = block("log-key").strip(), block("story")
        self.says(0, "each entry is in the log", "receipt", self.kept("story", story), key=key)
        lines = story.splitlines()
        for changed, words in [([lines[0], lines[2]], "cut short"), (lines[:2], "cut short"), (lines[1:], "line 1")]:
            self.says(1, words, "receipt", self.kept("cut", "\n".join(changed)), key=key)

    def test_the_guide_calls_it_as_it_is(self):
        lines = re.findall(r"^python3 check_log\.py (.*)$", (DOCS / "auditors-guide.md").read_text(encoding="utf-8"), re.M)
        self.assertGreaterEqual(len(lines), 5)
        for line in lines:
            words = shlex.split(line.replace("$KEY", self.key), comments=True)
            check_log.command_line().parse_args(words)

    def test_proofs_of_any_size(self):
        leaves = [check_log.leaf_hash(number.to_bytes(2)) for number in range(600)]
        node = check_log.below(leaves, 0, 0)
        roots = {size: check_log.root_of(size, node) for size in [*range(1, 20), 255, 256, 257, 511, 512, 513, 600]}
        for new, root in roots.items():
            for old in (old for old in roots if old < new):
                path = check_log.prove_consistency(old, new, node)
                check_log.check_consistency(old, roots[old], new, root, path)
                for before, after in [(root, root), (roots[old], roots[old])]:
                    with self.assertRaises(check_log.Wrong):
                        check_log.check_consistency(old, before, new, after, path)
            for index in {0, new // 2, new - 1}:
                path = check_log.prove_inclusion(index, new, node)
                check_log.check_inclusion(leaves[index], index, new, path, root)
                with self.assertRaises(check_log.Wrong):
                    check_log.check_inclusion(leaves[index + 1 - 2 * (index > 0)], index, new, path, root)


if __name__ == "__main__":
    unittest.main()
