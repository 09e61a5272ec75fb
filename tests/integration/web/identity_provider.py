"""A small OpenID Connect provider on a port of its own, with real signatures."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "feedback", "s3cret of the client"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class IdentityProvider:
    """What it says of whoever signs in: `claims`, and with what it signs."""

    now: datetime
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "42", "preferred_username": "Anna"})
    key: RSAKey = field(default_factory=lambda: KEY)
    address: str = ""
    asked: dict[str, str] = field(default_factory=dict)

    def code(self, address: str) -> str:
        """Somebody signs in at `address`; the code that the browser is sent back with."""
        self.asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        return "the code"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(challenge).decode().rstrip("=") == self.asked["code_challenge"]
        assert form["code"] == "the code"
        assert form["redirect_uri"] == self.asked["redirect_uri"]
        at = int(self.now.timestamp())
        usual = {"iss": self.address, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": self.asked["nonce"]}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, {**usual, **self.claims}, self.key)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": signed}

    def page(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            return dict(KeySet([KEY]).as_dict(private=False))
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
        }


@contextmanager
def identity_provider(now: datetime) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(now)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(provider.page(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            assert self.headers["Authorization"] == f"Basic {basic}"
            self._send(provider.token({name: value[0] for name, value in parse_qs(body).items()}))

        def _send(self, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        provider.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
