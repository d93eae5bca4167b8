"""Verifies that a gateway sent a request (docs/proof.md), with Python's standard library alone.

Copy this file. `Verifier.verify` makes checks 1 to 11 of the page in their order. Yours remain: 12, what the caller's token may have,
and 13, that a mutation runs once (`Nonces` below does it for a single process).

    python3 signet_proof.py proof-vectors.json      # tries it on the test vectors
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import threading
import time
from pathlib import Path

MAX_AGE_SECONDS = 30


class ProofError(Exception):
    """A request without a valid proof. `reason` is for the answer, the text for the log only."""

    def __init__(self, text, reason="auth.failure.proof_invalid"):
        super().__init__(text)
        self.reason = reason


# --- X25519 (RFC 7748, section 5). Not constant in time: it runs once for each pair of keys, on keys that no client chooses.

P = 2**255 - 19


def x25519(private, public):
    """The shared secret, 32 bytes. Raises where it is all zero (section 6.1)."""
    scalar = bytearray(private)
    scalar[0] &= 248
    scalar[31] = (scalar[31] & 127) | 64
    k = int.from_bytes(scalar, "little")
    u = int.from_bytes(public, "little") & (2**255 - 1)
    x1, x2, z2, x3, z3, swap = u % P, 1, 0, u % P, 1, 0
    for t in reversed(range(255)):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = (x2 + z2) % P, (x2 - z2) % P, (x3 + z3) % P, (x3 - z3) % P
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = (aa - bb) % P
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    secret = (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")
    if not any(secret):
        raise ProofError("the keys give no secret")
    return secret


def hkdf(secret, salt, info):
    """HKDF-SHA-256 (RFC 5869), 32 bytes: one block."""
    key = hmac.digest(salt, secret, "sha256")
    return hmac.digest(key, info + b"\x01", "sha256")


# --- base64, in one spelling each


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def thumbprint(x):
    """RFC 7638 with the members of RFC 8037."""
    members = f'{{"crv":"X25519","kty":"OKP","x":"{x}"}}'
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def base64_32(data):
    return base64.b64encode(data).decode()


# --- the form of a message

COVERED = ["content-type", "content-digest", "signet-context", "authorization", "cookie"]
ONCE = COVERED + ["signature", "signature-input"]
PARAMETERS = re.compile(
    r';created=(\d{10});nonce="([\w-]{22})";keyid="([\w-]{43})\.([\w-]{43})";alg="hmac-sha256";tag="signet-proof/1"',
    re.ASCII,
)
SIGNATURE = re.compile(r"signet=:([A-Za-z0-9+/]{43}=):")
# A member of a dictionary (RFC 8941, section 3.2). Clients write into some of its texts, so those are read as a whole.
MEMBER = re.compile(r'([a-z]+)(?:=("(?:[^"\\]|\\.)*"|[^,"]*))?')


class Verifier:
    """Knows one service's own keys and the public keys of the gateways. Raises ProofError for every other sender."""

    def __init__(self, key_file, peers_file):
        self.name = key_file["name"]
        self.own = {thumbprint(key["x"]): key for key in key_file["keys"]}
        self.gateways = {
            thumbprint(key["x"]): (name, peer["entrance"], key["x"])
            for name, peer in peers_file["peers"].items()
            if peer["role"] == "gateway" and name != self.name
            for key in peer["keys"]
        }
        self.mac_keys = {}

    @classmethod
    def read(cls, key_path, peers_path):
        return cls(json.loads(Path(key_path).read_text()), json.loads(Path(peers_path).read_text()))

    def verify(self, method, target, headers, body, now=None):
        """`headers`: pairs of name and value as they were received, each line of its own. `body`: bytes.

        Returns sender, entrance, nonce and the time until which the nonce must be remembered.
        """
        found = {}
        for name, value in headers:
            name = name.lower()
            if name in ONCE:
                found.setdefault(name, []).append(value.strip(" \t"))
        if "signature" not in found and "signature-input" not in found:  # 1
            raise ProofError("no signature", "auth.failure.proof_missing")
        if any(len(values) > 1 for values in found.values()):  # 2
            raise ProofError("a header came twice")
        header = {name: values[0] for name, values in found.items()}
        missing = [name for name in COVERED[:3] + ["signature", "signature-input"] if name not in header]  # 3
        if missing or not re.fullmatch(r"[A-Z]+", method) or not target.startswith("/"):
            raise ProofError(f"missing {missing}, or no request target")
        covered = [name for name in COVERED if name in header]  # 4
        listed = " ".join(f'"{name}"' for name in ["@method", "@path", "@query", *covered])
        prefix = f"signet=({listed})"
        given = header["signature-input"]
        parameters = PARAMETERS.fullmatch(given[len(prefix) :]) if given.startswith(prefix) else None
        if not parameters:
            raise ProofError("Signature-Input is not that of this message")
        created, nonce, sender_key, own_key = parameters.groups()
        signature = SIGNATURE.fullmatch(header["signature"])  # 5
        if not signature or base64_32(base64.b64decode(signature[1])) != signature[1]:
            raise ProofError("Signature is not 32 bytes")
        if sender_key not in self.gateways or own_key not in self.own:  # 6
            raise ProofError("the key is that of no gateway, or for somebody else")
        age = (time.time() if now is None else now) - int(created)  # 7
        if not -MAX_AGE_SECONDS <= age < MAX_AGE_SECONDS:
            raise ProofError(f"signed {age:.0f} s ago")
        path, mark, query = target.partition("?")  # 8
        lines = [f'"@method": {method}', f'"@path": {path}', f'"@query": ?{query if mark else ""}']
        lines += [f'"{name}": {header[name]}' for name in covered]
        lines.append(f'"@signature-params": {given[len("signet=") :]}')
        # Servers of the standard library give the bytes of a header as Latin-1.
        base = "\n".join(lines).encode("latin-1")
        mac = hmac.digest(self.mac_key(sender_key, own_key), base, "sha256")
        if not hmac.compare_digest(mac, base64.b64decode(signature[1])):
            raise ProofError("the signature is wrong")
        if header["content-digest"] != f"sha-256=:{base64_32(hashlib.sha256(body).digest())}:":  # 9
            raise ProofError("the digest is that of another body")
        name, entrance, _ = self.gateways[sender_key]
        context = dict(MEMBER.findall(header["signet-context"]))
        if context.get("entrance") != f'"{entrance}"':  # 10
            raise ProofError("another entrance than that of the key")
        # True may be written as the name alone.
        if (context.get("auth", "?0") in ("", "?1")) != ("authorization" in header):  # 11
            raise ProofError("auth says otherwise than Authorization")
        return {"sender": name, "entrance": entrance, "nonce": nonce, "created": int(created)}

    def mac_key(self, sender_key, own_key):
        pair = (sender_key, own_key)
        if pair not in self.mac_keys:
            name, _, x = self.gateways[sender_key]
            own = self.own[own_key]
            secret = x25519(from_base64url(own["d"]), from_base64url(x))
            salt = from_base64url(x) + from_base64url(own["x"])
            self.mac_keys[pair] = hkdf(secret, salt, f"signet-proof/1|{name}|{self.name}".encode())
        return self.mac_keys[pair]


class Nonces:
    """Check 13 for a single process. Several replicas must share a store that refuses what is there already."""

    def __init__(self):
        self.seen = {}
        # A server with threads asks for two at once.
        self.lock = threading.Lock()

    def use(self, proof):
        now = time.time()
        with self.lock:
            self.seen = {nonce: until for nonce, until in self.seen.items() if until > now}
            if proof["nonce"] in self.seen:
                raise ProofError("a mutation came twice", "auth.failure.replay")
            self.seen[proof["nonce"]] = proof["created"] + 2 * MAX_AGE_SECONDS


def try_vectors(path):
    vectors = json.loads(Path(path).read_text())
    wrong = []
    for vector in vectors["accepted"] + vectors["refused"]:
        verifier = Verifier(vectors["keyFiles"][vector["to"]], vectors["peersFile"])
        request = vector["request"]
        # In a file they are characters; on the wire they are bytes.
        headers = [(name, value.encode().decode("latin-1")) for name, value in request["headers"]]
        try:
            found = verifier.verify(
                request["method"], request["target"], headers, request["body"].encode(), vector["receivedAt"]
            )
        except ProofError as error:
            found = error.reason
        expected = vector.get("expect", vector.get("reason"))
        if found != expected:
            wrong.append(f"{vector['name']}: {found}, not {expected}")
    print("\n".join(wrong) or f"{len(vectors['accepted'])} accepted, {len(vectors['refused'])} refused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(try_vectors(sys.argv[1]))
