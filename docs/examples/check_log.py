#!/usr/bin/env python3
"""Checks a log of Entremise from outside: no account, no code of the service, only what it publishes to everybody.

Needs Python 3.11 and one package for Ed25519: pip install cryptography
The formats are those of docs/log-format.md. KEY is the log's public key, got from somewhere else than the service.

Exit codes: 0 it holds; 1 it does not (the last line says what); 2 wrong usage; 3 nothing could be decided.
"""

import argparse
import base64
import hashlib
import json
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH, HEIGHT = 256, 8
LOG_KEY, WITNESS_KEY = 0x01, 0x04


class Wrong(Exception):
    """What was shown is not true."""


class Undecided(Exception):
    """What was asked cannot be told."""


# --- hashes and proofs: RFC 6962 section 2.1 ---


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(size):
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def subtree(start, end, node):
    """The hash over leaves `start` to `end`; `node(level, index)` gives that of a complete subtree."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + split(width)
    return node_hash(subtree(start, middle, node), subtree(middle, end, node))


def below(hashes, base, first):
    """Reads subtrees above hashes that are known: those of level `base`, of which the first stands over leaf `first`."""

    def node(level, index):
        if level > base:
            return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        return hashes[index - (first >> base)]

    return node


def root_of(size, node):
    return subtree(0, size, node) if size else hashlib.sha256(b"").digest()


def prove_inclusion(index, size, node):
    """PATH(index, D[size]), from the leaf upwards."""
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(middle, end, node))
            end = middle
        else:
            path.append(subtree(start, middle, node))
            start = middle
    return path[::-1]


def check_inclusion(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2, with the reason when it does not hold."""
    if not 0 <= index < size:
        raise Wrong(f"entry {index} is not in a tree of {size}")
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise Wrong("the proof is longer than the tree is high")
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last or found != root:
        raise Wrong("the proof of inclusion leads to another root than the signed one")


def prove_consistency(old, new, node):
    """PROOF(old, D[new]) for 0 < old < new."""
    start, end, path = 0, new, []
    while end != old:
        middle = start + split(end - start)
        if old <= middle:
            path.append(subtree(middle, end, node))
            end = middle
        else:
            path.append(subtree(start, middle, node))
            start = middle
    # A tree that is itself a complete left subtree is known by its root.
    return (path + [subtree(start, end, node)] if start else path)[::-1]


def check_consistency(old, old_root, new, new_root, path):
    """RFC 9162 section 2.1.4.2: the tree of `new` leaves begins with that of `old`."""
    if old in (0, new):
        if old and old_root != new_root:
            raise Wrong(f"two different heads of {new} entries: the log shows two histories. Keep both")
        return
    path = path if old & (old - 1) else [old_root, *path]
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for step in path[1:]:
        if last == 0:
            raise Wrong("the proof is longer than the tree is high")
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    if last or after != new_root:
        raise Wrong("the tiles do not lead to the signed root")
    if before != old_root:
        raise Wrong(f"the first {old} entries are not those of your checkpoint: history was rewritten. Keep both")


# --- signed notes: C2SP signed-note, tlog-checkpoint, tlog-cosignature ---


class Key:
    """`name+id+base64(type, public key)`, where the id is the beginning of a hash of the rest."""

    def __init__(self, text, kind=LOG_KEY):
        try:
            self.name, key_id, key = text.split("+", 2)
            raw = base64.b64decode(key, validate=True)
        except ValueError:
            raise argparse.ArgumentTypeError(f"not a key: {text}") from None
        self.kind, self.public = kind, raw[1:]
        if len(raw) != 33 or raw[0] != kind or self.id.hex() != key_id:
            raise argparse.ArgumentTypeError(f"not a key, or of another type: {text}")

    @property
    def id(self):
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def named(self, name):
        """The same key for another epoch of its log: each has a name of its own."""
        other = object.__new__(Key)
        other.name, other.kind, other.public = name, self.kind, self.public
        return other

    def verify(self, message, signature):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Wrong(f"a signature of {self.name} does not match: changed on the way, or forged") from None


def log_of(name):
    """The log of a name: `LOG/epoch-2` is what LOG is called after it lost entries once."""
    log, mark, number = name.rpartition("/epoch-")
    return log if mark and number.isdecimal() and int(number) > 1 else name


def opened(note, keys, witnesses=()):
    """Size and root of a signed checkpoint, with its name and who vouches for it."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not blank or len(lines) != 4:
        raise Wrong("this is no checkpoint: three lines, an empty one, signatures")
    name, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    given = []
    for line in signatures.removesuffix("\n").split("\n"):
        dash, by, signature = line.split(" ")
        if dash != "\u2014":
            raise Wrong("a line of signature is «— name base64»")
        given.append((by, base64.b64decode(signature, validate=True)))
    own = [key.named(name) for key in keys if log_of(key.name) == log_of(name)]
    found = [(key, raw[4:]) for key in own for by, raw in given if by == name and raw[:4] == key.id]
    if not found:
        raise Wrong(f"the checkpoint of {name} bears no signature of a key you gave")
    for key, signature in found:
        key.verify(text.encode(), signature)
    seen = []
    for witness in witnesses:
        for by, raw in given:
            if by == witness.name and raw[:4] == witness.id:
                at = int.from_bytes(raw[4:12])
                witness.verify(f"cosignature/v1\ntime {at}\n{text}".encode(), raw[12:])
                seen.append((by, datetime.fromtimestamp(at, timezone.utc)))
    return name, size, root, seen


# --- the public side of the log: C2SP tlog-tiles ---


class Log:
    """What anybody may fetch under an address such as https://mandats.example.fr/log"""

    def __init__(self, address):
        self.address, self.tiles = address.rstrip("/"), {}

    def get(self, path):
        try:
            with urllib.request.urlopen(f"{self.address}/{path}", timeout=30) as answer:
                return answer.read()
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise Undecided(f"{self.address}/{path}: {error}") from None

    def checkpoint(self):
        return self.get("checkpoint").decode()

    def tile(self, level, index, size):
        """The hashes of a tile as a tree of `size` leaves has them."""
        width = min(WIDTH, (size >> HEIGHT * level) - index * WIDTH)
        if (level, index, width) not in self.tiles:
            groups = [f"{index % 1000:03}"]
            while index >= 1000 ** len(groups):
                groups.insert(0, f"x{index // 1000 ** len(groups) % 1000:03}")
            partial = "" if width == WIDTH else f".p/{width}"
            raw = self.get(f"tile/{level}/{'/'.join(groups)}{partial}")
            if len(raw) != 32 * width:
                raise Wrong(f"tile {level}/{index} holds {len(raw)} bytes, not {32 * width}")
            self.tiles[level, index, width] = [raw[at : at + 32] for at in range(0, len(raw), 32)]
        return self.tiles[level, index, width]

    def node(self, size):
        """Reads complete subtrees of a tree of `size` leaves out of its tiles."""

        def node(level, index):
            if level % HEIGHT:
                return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
            return self.tile(level // HEIGHT, index // WIDTH, size)[index % WIDTH]

        return node

    def find(self, leaf, size, root):
        """The place of a leaf hash, looked for from the newest tile to the oldest. That it is nowhere is said only
        when all that was looked through leads to the root."""
        tops, last = {}, []
        for index in range((size - 1) // WIDTH, -1, -1):
            hashes = self.tile(0, index, size)
            if leaf in hashes:
                return index * WIDTH + hashes.index(leaf)
            # What was looked through is not kept: a log of ten million entries has 320 MB of hashes.
            self.tiles.clear()
            if len(hashes) == WIDTH:
                tops[index] = subtree(0, WIDTH, below(hashes, 0, 0))
            else:
                last = hashes
        whole = size // WIDTH * WIDTH
        known, rest = below(tops, HEIGHT, 0), below(last, 0, whole)
        if root_of(size, lambda level, index: (known if level >= HEIGHT else rest)(level, index)) != root:
            raise Wrong("the tiles do not lead to the signed root")
        return None


# --- receipts and promises: docs/log-format.md ---


def members(text, at=0):
    """The members of a JSON object, each with the very characters it is written in; and where the object ends.

    Leaves and parts are hashed as they are written: a program that reads JSON and writes it again loses them.
    """
    decoder, found = json.JSONDecoder(), {}
    if text[at] != "{":
        raise ValueError("not an object")
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at + 1)
        begins = at + 1
        value, at = decoder.raw_decode(text, begins)
        if name in found:
            raise ValueError(f"{name} twice")
        found[name] = (value, text[begins:at], begins)
    return found


def check_part(kind, nonce, body, leaf):
    """Whether an opened part is the one the leaf commits to."""
    made = hashlib.sha256(b"entremise part v1 " + kind.encode() + b"\0" + nonce + body).digest()
    if base64.b64decode(leaf.get("parts", {}).get(kind, "")) != made:
        raise Wrong(f"the part «{kind}» is not the one committed to in the entry")


def check_receipt(line, keys, witnesses=()):
    """Leaf, parts, place and head of a receipt."""
    try:
        receipt = members(line)
        leaf, raw_leaf, _ = receipt["leaf"]
        parts = members(line, receipt["parts"][2]) if receipt["parts"][0] else {}
        head, _, note = receipt["proof"][0].partition("\n\n")
        first, *rest = head.split("\n")
        if receipt["receipt"][0] != 1 or first != "c2sp.org/tlog-proof@v1":
            raise Wrong("a receipt of a version this program does not know")
        rest = rest[1:] if rest[0].startswith("extra ") else rest
        index, path = int(rest[0].removeprefix("index ")), [base64.b64decode(step, validate=True) for step in rest[1:]]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Wrong(f"this is no receipt: {error}") from None
    name, size, root, seen = opened(note, keys, witnesses)
    if log_of(leaf["log"]) != log_of(name):
        raise Wrong(f"the entry is of the log {leaf['log']}, the head of {name}")
    check_inclusion(leaf_hash(raw_leaf.encode()), index, size, path, root)
    shown = {}
    for kind, (part, _, begins) in parts.items():
        body = members(line, begins)["body"][1]
        check_part(kind, base64.b64decode(part["nonce"], validate=True), body.encode(), leaf)
        shown[kind] = part["body"]
    return leaf, shown, index, (name, size, root, seen)


def from_base64url(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def check_promise(text, keys):
    """Leaf hash, instant and delay of a promise, once its signature is found to be the log's."""
    try:
        mark, name, leaf, at, delay, signature = text.strip().split("~")
        leaf, signature = from_base64url(leaf), from_base64url(signature)
        given = datetime.fromisoformat(at)
        if mark != "EP1" or len(leaf) != 32 or len(signature) != 68:
            raise ValueError
    except ValueError:
        raise Wrong("this is no promise: EP1~log~leaf~time~delay~signature") from None
    message = "\n".join(["entremise promise v1", name, base64.b64encode(leaf).decode(), at, delay, ""])
    for key in (key.named(name) for key in keys if log_of(key.name) == log_of(name)):
        if signature[:4] == key.id:
            key.verify(message.encode(), signature[4:])
            return leaf, given, int(delay)
    raise Wrong(f"a promise of {name}, or under a key you did not give")


# --- the verbs ---


def told(head):
    name, size, root, seen = head
    by = "".join(f"\n  seen by {who} at {at:%Y-%m-%d %H:%M:%S} UTC" for who, at in seen)
    return f"{name}: {size} entries, root {base64.b64encode(root).decode()}" + (by or "\n  seen by none of the witnesses you named")


def fetched(args):
    """The public log and its present head, which its tiles must lead to."""
    log = Log(args.address)
    note = log.checkpoint()
    head = opened(note, args.key, args.witness)
    return log, note, head


def checkpoint(args):
    log, note, head = fetched(args)
    _, size, root, _ = head
    if root_of(size, log.node(size)) != root:
        raise Wrong("the tiles do not lead to the signed root")
    if args.save:
        with open(args.save, "x", encoding="utf-8") as file:
            file.write(note)
    print(told(head))
    return "signed by the log, and its tiles lead to that root"


def consistency(args):
    with open(args.old, encoding="utf-8") as file:
        old_name, old_size, old_root, _ = opened(file.read(), args.key)
    log, _, head = fetched(args)
    name, size, root, _ = head
    print(told(head))
    if old_name != name:
        raise Undecided(f"yours is of {old_name}: the log lost entries since (docs/operations.md). Keep yours, it proves them")
    if old_size > size:
        raise Wrong(f"the log has {size} entries, and yours had {old_size}: entries are gone")
    path = prove_consistency(old_size, size, log.node(size)) if 0 < old_size < size else []
    check_consistency(old_size, old_root, size, root, path)
    return f"the {old_size} entries of your checkpoint are all there, unchanged, in their order"


def proven(leaf, args):
    """The place of a leaf hash in the public tree, or nothing."""
    log, _, head = fetched(args)
    _, size, root, _ = head
    print(told(head))
    index = log.find(leaf, size, root)
    if index is not None:
        check_inclusion(leaf, index, size, prove_inclusion(index, size, log.node(size)), root)
    return index


def inclusion(args):
    leaf = bytes.fromhex(args.leaf) if len(args.leaf) == 64 else base64.b64decode(args.leaf, validate=True)
    index = proven(leaf, args)
    if index is None:
        raise Wrong("no entry of the log has this hash")
    return f"it is entry {index}"


def receipt(args):
    with open(args.file, encoding="utf-8") as file:
        lines = file.read().splitlines()
    end, first, number = None, None, 0
    for line in lines:
        if end is not None:
            raise Wrong("something follows the line that ends the story")
        if line.startswith('{"story":'):
            end = json.loads(line)
            continue
        leaf, shown, index, head = check_receipt(line, args.key, args.witness)
        number += 1
        if len(lines) > 1:
            first = first or (leaf.get("mandate"), head[:3])
            if (leaf.get("mandate"), head[:3]) != first or leaf.get("seq") != number:
                raise Wrong(f"line {number} is not number {number} of the same mandate under the same head")
        print(f"entry {index}: {leaf['kind']} at {leaf['time']}, {leaf['outcome']} {leaf.get('reason', '')}".rstrip())
        for kind, body in shown.items():
            print(f"  {kind}: {json.dumps(body, ensure_ascii=False)}")
    if number == 0:
        raise Wrong("the file holds no receipt")
    if len(lines) > 1 and (end is None or (end["entries"], end["mandate"]) != (number, first[0])):
        raise Wrong("the file was cut short: its last line counts the entries of the mandate")
    print(told(head))
    return "each entry is in the log, and each part shown is the one committed to"


def promise(args):
    leaf, given, delay = check_promise(args.promise, args.key)
    print(f"promised at {given:%Y-%m-%d %H:%M:%S} UTC, within {delay} s: leaf {base64.b64encode(leaf).decode()}")
    asked = time.time()
    index = proven(leaf, args)
    if index is not None:
        return f"kept: it is entry {index}"
    if asked < given.timestamp() + delay:
        raise Undecided("not there yet, and not due yet: ask again later")
    raise Wrong("BROKEN: the log promised this entry and does not have it. Keep the paper, and show it to an auditor")


def command_line():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(run, says, *words):
        one = verbs.add_parser(run.__name__, help=says, description=says)
        one.set_defaults(run=run)
        one.add_argument("--key", type=Key, action="append", required=True, help="of the log; both across a rotation")
        one.add_argument("--witness", type=lambda text: Key(text, WITNESS_KEY), action="append", default=[])
        for word, means in words:
            one.add_argument(word, help=means)
        return one

    address = ("address", "https://…/log")
    verb(checkpoint, "read the signed head", address).add_argument("--save", help="keep it in this new file")
    verb(consistency, "a head kept from before against that of now", address).add_argument("--old", required=True)
    leaf = "as the paper shows it (64 characters), or in base64"
    verb(inclusion, "look a leaf hash up and prove its place", address).add_argument("--leaf", required=True, help=leaf)
    verb(receipt, "a receipt, or the proof of a story; no network", ("file", "as it was given"))
    verb(promise, "what the paper of a mandate promises", ("promise", "EP1~…"), address)
    return parser


def main():
    args = command_line().parse_args()
    try:
        print("holds:", args.run(args))
    except Wrong as wrong:
        print("WRONG:", wrong)
        return 1
    except (ValueError, LookupError, TypeError, AttributeError) as odd:
        print("WRONG: this is not of the form it must have:", odd)
        return 1
    except (Undecided, OSError) as cannot:
        print("undecided:", cannot)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
