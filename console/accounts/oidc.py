"""Signing in where an organisation signs its people in: OpenID Connect 1.0, code flow with PKCE (RFC 7636).

    leave    the address that the browser is sent to
    finish   what it brings back, exchanged for a token that the provider has signed
    look     the same token once more, when a code of ours was asked for in between

Nothing is kept here between leaving and coming back: the browser carries it (`Trip`), in a cookie.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from workflow.errors import NotAllowed, NotNow
from workflow.text import Text

from ..store.accounts import LONGEST_SUBJECT

USUAL_NAME: Final = Text("单位统一身份认证", "your organisation's sign-in")
LONGEST_TRIP: Final = 10 * 60_000  # ms between leaving and coming back
# Signed with a key that only the provider has: a secret that we share could sign for us as well.
_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
_LEEWAY: Final = 60  # seconds by which clocks may differ
_FRESH: Final = 60 * 60_000  # ms for which what the provider says of itself is not asked for again
_PAUSE: Final = 60_000  # ms between two looks for a key that isn't known
_LEFT_ALONE: Final = 10_000  # ms after it was silent: whoever asks waits in a thread that all pages need
_PATIENCE: Final = 5.0  # seconds for each step of a request
_Found = TypeVar("_Found")
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would write addresses with codes


class ProviderSilent(NotNow):
    """The provider doesn't answer, or not as one that speaks OpenID Connect."""

    def __init__(self) -> None:
        super().__init__(
            "未登录：统一身份认证没有正常应答。请稍后再试；仍不行请告诉系统管理员。",
            "Not signed in: the organisation's sign-in does not answer as it should. Try again later; if it "
            "stays so, tell the system administrator.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """How we are known to the provider."""

    issuer: str  # as its tokens name it, letter by letter
    client_id: str
    secret: str = field(repr=False)  # empty: a public client, which PKCE alone protects
    back: str  # where it sends people back to
    claim: str = "sub"  # what of a token says who somebody is
    name: Text = USUAL_NAME


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """What a browser carries from leaving to coming back; each part nobody can guess."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proven:
    """Somebody for whom the provider vouches."""

    subject: str
    token: str = field(repr=False)  # that says so, signed


@dataclass(frozen=True, kw_only=True, slots=True)
class _Metadata:
    """What the provider says of itself (OpenID Connect Discovery 1.0, 3)."""

    authorization: str
    token: str
    keys: str
    by_post: bool  # whether our secret goes into the form: it takes it nowhere else


class Provider:
    """An OpenID provider. May be used by many threads."""

    def __init__(self, own: Registration, *, transport: httpx2.BaseTransport | None = None) -> None:
        """`transport`: over which it is reached; None: the network."""
        self.own = own
        self._transport = transport
        self._asking = threading.Lock()
        self._silent_at: int | None = None  # ms
        self._metadata: tuple[int, _Metadata] | None = None  # with when it was read, in ms
        self._keys: tuple[int, KeySet] | None = None

    def leave(self, trip: Trip, now: int) -> str:
        """Where the browser is sent.

        Raises:
            ProviderSilent: it doesn't say where.
        """
        metadata = self._said(now)
        with self._client(metadata) as client:
            url, _state = client.create_authorization_url(
                metadata.authorization, state=trip.state, code_verifier=trip.verifier, nonce=trip.nonce
            )
        return str(url)

    def finish(self, trip: Trip, code: str, now: int) -> Proven:
        """Who came back.

        Args:
            code: that the browser brought.

        Raises:
            NotAllowed: the provider doesn't take the code, or its token proves nothing.
            ProviderSilent: it doesn't answer.
        """
        metadata = self._said(now)
        with self._answering(now), self._client(metadata) as client:
            try:
                answer = client.fetch_token(
                    metadata.token,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=trip.verifier,
                )
            except OAuthError as error:
                raise _unproven() from error
        return self._proven(answer, trip.nonce, now)

    def look(self, token: str, nonce: str, now: int) -> Proven:
        """Who the token of `finish` was about.

        Raises:
            NotAllowed: it proves nothing, or no more.
            ProviderSilent: its keys can't be had.
        """
        return self._proven({"id_token": token}, nonce, now)

    def _proven(self, answer: Mapping[str, Any], nonce: str, now: int) -> Proven:
        token = answer.get("id_token")
        if not isinstance(token, str) or not token.isascii():
            raise _unproven()
        try:
            read = self._read(token, now)
            claims = CodeIDToken(
                read.claims,
                read.header,
                options={
                    "iss": {"essential": True, "value": self.own.issuer},
                    "aud": {"essential": True, "value": self.own.client_id},
                },
                params={
                    "nonce": nonce,
                    "client_id": self.own.client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(now=now // 1000, leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise _unproven() from error
        return Proven(subject=self._subject(claims), token=token)

    def _subject(self, claims: Mapping[str, Any]) -> str:
        found = claims.get(self.own.claim)
        fits = isinstance(found, str) and 0 < len(found) <= LONGEST_SUBJECT and found.isprintable()
        if self.own.claim == "email":
            fits = fits and claims.get("email_verified") is True  # else whoever typed it says so
        if not fits:
            raise NotAllowed(
                f"未登录：统一身份认证没有给出可用的身份标识（{self.own.claim}）。请告诉系统管理员核对设置。",
                f"Not signed in: the organisation's sign-in named nobody ({self.own.claim}). Tell the system "
                "administrator to look at the settings.",
            )
        return str(found)

    def _read(self, token: str, now: int) -> jwt.Token:
        """A token whose signature is right; keys are looked for again when one isn't known."""
        try:
            return jwt.decode(token, self._key_set(now, _FRESH), algorithms=_ALGORITHMS)
        except InvalidKeyIdError:
            return jwt.decode(token, self._key_set(now, _PAUSE), algorithms=_ALGORITHMS)

    def _key_set(self, now: int, fresh: int) -> KeySet:
        kept = self._keys
        if kept is None or not 0 <= now - kept[0] < fresh:
            found = self._get(self._said(now).keys, now)
            kept = self._keys = now, _understood(lambda: KeySet.import_key_set(found))
        return kept[1]

    def _said(self, now: int) -> _Metadata:
        kept = self._metadata
        if kept is not None and self._asking.locked():  # somebody brings it newer: as it was will do
            return kept[1]
        if kept is None or not 0 <= now - kept[0] < _FRESH:
            kept = self._metadata = now, self._asked(now)
        return kept[1]

    def _asked(self, now: int) -> _Metadata:
        """What it says of itself now. One asks at a time."""
        if not self._asking.acquire(blocking=False):
            raise ProviderSilent
        try:
            where = f"{self.own.issuer.rstrip('/')}/.well-known/openid-configuration"
            return _metadata(self._get(where, now), self.own.issuer)
        finally:
            self._asking.release()

    def _get(self, url: str, now: int) -> Any:
        with self._answering(now), httpx2.Client(transport=self._transport, timeout=_PATIENCE) as client:
            answer = client.get(url)
            answer.raise_for_status()
            return answer.json()

    @contextmanager
    def _answering(self, now: int) -> Iterator[None]:
        """Whatever breaks a request becomes one refusal, which repeats nothing that was sent.

        After it was silent nobody asks it for a while. What it says wrong takes no time, and is no silence:
        else whoever sends a code that it stumbles over would shut the others out.
        """
        if self._silent_at is not None and 0 <= now - self._silent_at < _LEFT_ALONE:
            raise ProviderSilent
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            if isinstance(error, httpx2.TransportError):
                self._silent_at = now
            raise ProviderSilent from error

    def _client(self, metadata: _Metadata) -> OAuth2Client:
        way = "client_secret_post" if metadata.by_post else "client_secret_basic"
        return OAuth2Client(
            self.own.client_id,
            self.own.secret or None,
            token_endpoint_auth_method=way if self.own.secret else "none",
            scope="openid" if self.own.claim == "sub" else "openid profile email",
            redirect_uri=self.own.back,
            code_challenge_method="S256",
            transport=self._transport,
            timeout=_PATIENCE,
        )


def _metadata(found: Any, issuer: str) -> _Metadata:
    """What it says, if it is the one that we know, and says it of itself.

    Raises:
        ProviderSilent: it is another one, or something is missing or in the clear.
    """

    def read() -> _Metadata:
        if found["issuer"] != issuer:
            raise ValueError
        ways = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return _Metadata(
            authorization=_secure(found["authorization_endpoint"]),
            token=_secure(found["token_endpoint"]),
            keys=_secure(found["jwks_uri"]),
            by_post="client_secret_basic" not in ways and "client_secret_post" in ways,
        )

    return _understood(read)


def _secure(url: str) -> str:
    parts = urlsplit(url)
    near = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not near and (parts.scheme != "https" or not parts.hostname):
        raise ValueError
    return url


def _understood(read: Callable[[], _Found]) -> _Found:
    try:
        return read()
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderSilent from error


def _unproven() -> NotAllowed:
    return NotAllowed(
        "未登录：统一身份认证没有确认您的身份，或确认已过期。请重新登录。",
        "Not signed in: the organisation's sign-in did not vouch for you, or no longer does. Sign in again.",
    )
