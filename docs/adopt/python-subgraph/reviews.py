"""A subgraph of Apollo Federation in Python's standard library, which answers a gateway of Signet and nobody else.

    PORT=4010 PROOF_KEY_FILE=proof/reviews/key.json PROOF_PEERS_FILE=proof/peers/peers.json python3 reviews.py

It executes no GraphQL: a real service hands `query` and `variables` to a library such as Strawberry or Ariadne. What matters here is
`do_POST`: nothing of a request is believed before its proof.
"""

import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signet_proof import Nonces, ProofError, Verifier

SDL = """
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@authenticated"])
  type Mutation { review(upc: ID!, text: String!): Review @authenticated }
  type Product @key(fields: "upc") { upc: ID!, reviews: [Review!]! }
  type Review { text: String! }
"""
MAX_BODY_BYTES = 1024 * 1024
# An ID may be written as a number. Commas mean nothing in GraphQL, and a gateway may leave them out.
TEXT = r'("(?:[^"\\]|\\.)*"|\$\w+|\d+)'
MUTATION = re.compile(r"mutation\b[^{]*\{\s*(?:(\w+)\s*:\s*)?review\(\s*upc:\s*" + TEXT + r"[,\s]*text:\s*" + TEXT + r"\s*\)")

verifier = Verifier.read(os.environ["PROOF_KEY_FILE"], os.environ["PROOF_PEERS_FILE"])
nonces = Nonces()
reviews = {"1": ["Fits well."]}


def execute(query, variables):
    """Answers the fetches that a gateway makes for this schema, and `_service` for the one who composes it."""
    if "_service" in query:
        return {"_service": {"sdl": SDL}}
    mutation = MUTATION.search(query)
    if mutation:
        alias, upc, text = mutation.groups()
        value = lambda word: variables[word[1:]] if word.startswith("$") else str(json.loads(word))
        reviews.setdefault(value(upc), []).append(value(text))
        return {alias or "review": {"text": value(text)}}
    return {
        "_entities": [
            {"reviews": [{"text": text} for text in reviews.get(entity["upc"], [])]}
            for entity in variables["representations"]
        ]
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return self.answer(413, refusal("The body is too long, or has no length.", "BAD_USER_INPUT", "input.body"))
        body = self.rfile.read(int(length))
        try:
            # `items()` has every line of the headers, repeated names too.
            proof = verifier.verify(self.command, self.path, self.headers.items(), body)
            request = json.loads(body)
            query, variables = request["query"], request.get("variables") or {}
            # A gateway's queries begin like this. Whatever else may change something.
            if not query.startswith(("query", "{")):
                nonces.use(proof)
        except ProofError as error:
            self.log_message("refused: %s", error)
            return self.answer(401, refusal("The request has no valid proof.", "UNAUTHENTICATED", error.reason))
        self.answer(200, {"data": execute(query, variables)})

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def refusal(text, code, reason):
    return {"errors": [{"message": text, "extensions": {"code": code, "reason": reason}}]}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    print(f"reviews answers at http://127.0.0.1:{server.server_port}/graphql", flush=True)
    server.serve_forever()
