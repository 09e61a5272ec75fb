"""Signing in through a provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636), state and nonce.

What is known between the two halves of it travels sealed in the browser's cookie, so that any process can finish it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from feedback.errors import FeedbackError
from feedback.roles import Role
from feedback.sealed import SealError, seal, unseal

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

LIFE = timedelta(minutes=10)
"""So long somebody may take at the provider."""

SECONDS = 10
"""So long the provider may take to answer."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""None of them works with the client's secret or without a signature at all."""

LEEWAY = 60
SEALED_FOR = "provider"


class ProviderError(FeedbackError):
    """The provider did not let this sign-in through."""


@dataclass(frozen=True, slots=True)
class Given:
    """The role that a value of the claim brings, and for the role owner whose topics are seen."""

    role: Role
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and how its word is taken: of `claim` the first value that `roles` names decides."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    claim: str
    roles: Mapping[str, Given]

    def given(self, claims: Mapping[str, Any]) -> Given | None:
        """The role that somebody with these claims gets; None where nothing is said about them."""
        found = claims.get(self.claim, ())
        values = {found} if isinstance(found, str) else {str(each) for each in found}
        return next((given for value, given in self.roles.items() if value in values), None)


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the provider vouches for. `subject` is theirs for ever, `name` what people call them."""

    subject: str
    name: str
    given: Given | None


def ask(provider: Provider, back: str, wanted: str, secret: bytes, now: datetime) -> tuple[str, str]:
    """Where to send the browser, and what it has to bring back, sealed, with the page that is `wanted` in the end.
    ProviderError when it cannot be reached."""
    from authlib.common.security import generate_token

    verifier, nonce = generate_token(64), generate_token(32)
    with _client(provider, back) as client:
        endpoint = _configuration(provider.issuer)["authorization_endpoint"]
        url, state = client.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce)
    told = json.dumps({"state": state, "verifier": verifier, "nonce": nonce, "wanted": wanted})
    return str(url), seal(told, secret, SEALED_FOR, now)


def answer(
    provider: Provider, back: str, sealed: str, state: str, code: str, secret: bytes, now: datetime
) -> tuple[Known, str]:
    """Who came back from the provider, and the page that they wanted. ProviderError unless everything is right."""
    try:
        flow = json.loads(unseal(sealed, secret, SEALED_FOR, now, LIFE))
    except SealError:
        raise ProviderError from None
    if not code or not hmac.compare_digest(flow["state"].encode(), state.encode()):
        raise ProviderError
    claims = _claims(provider, back, code, flow, now)
    name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
    return Known(f"{provider.issuer} {claims['sub']}", str(name), provider.given(claims)), flow["wanted"]


def _claims(provider: Provider, back: str, code: str, flow: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    configuration = _configuration(provider.issuer)
    try:
        with _client(provider, back) as client:
            endpoint = configuration["token_endpoint"]
            token = client.fetch_token(endpoint, code=code, code_verifier=flow["verifier"], timeout=SECONDS)
        return _verified(provider, str(token["id_token"]), _fetched(configuration["jwks_uri"]), flow["nonce"], now)
    except (AuthlibBaseError, JoseError, RequestException, KeyError, ValueError) as error:
        raise ProviderError(f"{ProviderError.__doc__} ({type(error).__name__})") from None


def _verified(provider: Provider, token: str, keys: Any, nonce: str, now: datetime) -> Mapping[str, Any]:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
    jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    ).validate(claims)
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise ProviderError
    return claims


def _client(provider: Provider, back: str) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope="openid profile email",
        redirect_uri=back,
        code_challenge_method="S256",
    )


@lru_cache(maxsize=8)
def _configuration(issuer: str) -> Mapping[str, Any]:
    found = _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != issuer or not all(name in found for name in needed):
        raise ProviderError(f"What {issuer} says of itself is not what OpenID Connect Discovery asks for.")
    return found


def _fetched(address: str) -> Mapping[str, Any]:
    import requests

    try:
        answered = requests.get(address, timeout=SECONDS)
        answered.raise_for_status()
        return dict(answered.json())
    except (requests.RequestException, ValueError, TypeError):
        raise ProviderError(f"The provider cannot be reached at {address}.") from None
