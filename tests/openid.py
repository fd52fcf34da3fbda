"""An OpenID provider of our own for tests: it speaks what the standard says, and lies on demand."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

ISSUER = "https://id.example.org/people/"
CLIENT, SECRET = "duban", "between-us-two"
BACK = "http://testserver/sign-in/oidc/back"


class FakeProvider:
    """Answers the requests of a `Provider`; its people come back by `authorise`."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock`: ms since the epoch."""
        self._clock = clock
        self.key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})
        self.shown = [self.key]  # the keys that it publishes
        self.said: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example.org/authorise",
            "token_endpoint": "https://id.example.org/token",
            "jwks_uri": "https://id.example.org/keys",
        }
        self.claims: dict[str, Any] = {}  # that its tokens have besides, or instead; None: not at all
        self.header: dict[str, Any] = {"alg": "ES256", "kid": "one"}
        self.sign_with: ECKey | OctKey = self.key
        self.asked: list[str] = []  # the paths that were asked for
        self.instead: dict[str, httpx2.Response | httpx2.HTTPError] = {}  # what it answers to a path
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def transport(self) -> httpx2.MockTransport:
        """The network, as far as it leads to this provider."""
        return httpx2.MockTransport(self._answer)

    def authorise(self, url: str, subject: str = "u-17") -> str:
        """Somebody signs in there; where they are sent to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", CLIENT, BACK)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self._codes)}"
        self._codes[code] = {**asked, "sub": subject}
        return f"{BACK}?{urlencode({'code': code, 'state': asked['state'], 'iss': ISSUER})}"

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        instead = self.instead.get(path)
        if isinstance(instead, httpx2.HTTPError):
            raise instead
        if instead is not None:
            return instead
        if path == "/token":
            return self._token(request)
        known: Mapping[str, Any] = {
            "/people/.well-known/openid-configuration": self.said,
            "/keys": {"keys": [one.as_dict(private=False) for one in self.shown]},
        }
        return httpx2.Response(200, json=known[path]) if path in known else httpx2.Response(404)

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if not self._knows(request, form):
            return httpx2.Response(401, json={"error": "invalid_client"})
        trip = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if trip is None or challenge != trip["code_challenge"] or form["redirect_uri"] != BACK:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        token = self.token(sub=trip["sub"], nonce=trip["nonce"])
        return httpx2.Response(
            200, json={"access_token": "open", "token_type": "Bearer", "id_token": token, "expires_in": 60}
        )

    def _knows(self, request: httpx2.Request, form: Mapping[str, str]) -> bool:
        if self.said.get("token_endpoint_auth_methods_supported") == ["client_secret_post"]:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {basic}"

    def token(self, **more: Any) -> str:
        """A token about somebody."""
        now = self._clock() // 1000
        claims = {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, **more, **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.header["alg"] == "none":
            parts = (json.dumps(one).encode() for one in (self.header, claims))
            return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts) + "."
        return jwt.encode(self.header, claims, self.sign_with, algorithms=[self.header["alg"]])
