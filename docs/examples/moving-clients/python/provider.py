"""Authorization code with PKCE, for all programs of this folder.

Authlib makes the requests and checks `state`, `nonce` and the ID token. It leaves the `iss` of the answer (RFC 9207) to the
application, so that is checked here.
"""

import os
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

TIMEOUT = 30
ALGORITHMS = ["RS256", "ES256"]


class Refused(Exception):
    """The answer of the server is a refusal, or not for us."""


@dataclass(frozen=True)
class Pending:
    """What is remembered between leaving for the server and coming back. It never leaves this side."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One authorization server, found by its issuer, and our client there."""

    def __init__(self, issuer, client_id, client_secret=None, scope="openid"):
        self.issuer, self.client_id, self.client_secret, self.scope = issuer, client_id, client_secret, scope
        if urlsplit(issuer).hostname in ("localhost", "127.0.0.1", "::1"):
            os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # Plain HTTP is for one's own computer.
        elif urlsplit(issuer).scheme != "https":
            raise ValueError("the issuer needs https")
        answer = requests.get(issuer + "/.well-known/openid-configuration", timeout=TIMEOUT)
        answer.raise_for_status()
        self.metadata = answer.json()
        if self.metadata["issuer"] != issuer:
            raise ValueError(f"{issuer} says that it is {self.metadata['issuer']}")

    @staticmethod
    def pending():
        """Fresh random values for one sign-in."""
        return Pending(state=generate_token(32), nonce=generate_token(32), verifier=generate_token(64))

    def begin(self, redirect_uri):
        """The address to send the browser to, and what to remember meanwhile."""
        pending = self.pending()
        url, _ = self._session(redirect_uri, scope=self.scope).create_authorization_url(
            self.metadata["authorization_endpoint"],
            state=pending.state,
            nonce=pending.nonce,
            code_verifier=pending.verifier,
        )
        return url, pending

    def finish(self, answer, redirect_uri, pending):
        """Tokens and the person, from the address that the browser came back to."""
        fields = parse_qs(urlsplit(answer).query, keep_blank_values=True)
        if any(len(values) > 1 for values in fields.values()):
            raise Refused("the answer says one thing twice")
        if fields.get("iss") != [self.issuer]:
            raise Refused("the answer comes from another server")
        if "error" in fields:
            raise Refused(fields["error"][0])
        if not fields.get("code", [""])[0]:
            raise Refused("the answer has no code")
        return self._exchange(redirect_uri, pending, authorization_response=answer, state=pending.state)

    def finish_form(self, code, pending):
        """The same for a code of the first-party challenge, which comes without a redirect."""
        return self._exchange(None, pending, grant_type="authorization_code", code=code)

    def refresh(self, tokens):
        """New tokens; the old refresh token is spent. Without a scope, so that it asks for what was granted."""
        try:
            fresh = self._session().refresh_token(
                self.metadata["token_endpoint"], refresh_token=tokens["refresh_token"], timeout=TIMEOUT
            )
        except OAuthError as why:
            if why.error != "invalid_grant":
                raise
            raise Refused("the grant has ended: revoked, expired, or the account is off") from why
        return {**tokens, **fresh}

    def userinfo(self, tokens, sub):
        """What the server tells about the person, who must be the one of the ID token."""
        answer = self.get(self.metadata["userinfo_endpoint"], tokens)
        answer.raise_for_status()
        told = answer.json()
        if told["sub"] != sub:
            raise Refused("userinfo tells about somebody else")
        return told

    def get(self, url, tokens):
        """Calls an API with the access token."""
        return requests.get(url, headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=TIMEOUT)

    def revoke(self, tokens):
        """Ends the grant: with the refresh token go its access tokens."""
        answer = self._session().revoke_token(
            self.metadata["revocation_endpoint"],
            token=tokens["refresh_token"],
            token_type_hint="refresh_token",
            timeout=TIMEOUT,
        )
        answer.raise_for_status()

    def _exchange(self, redirect_uri, pending, **answer):
        try:
            tokens = self._session(redirect_uri).fetch_token(
                self.metadata["token_endpoint"], code_verifier=pending.verifier, timeout=TIMEOUT, **answer
            )
            claims = self._id_token(tokens, pending.nonce)
        except (AuthlibBaseError, JoseError) as why:
            raise Refused(str(why)) from why
        return tokens, self.userinfo(tokens, claims["sub"])

    def _session(self, redirect_uri=None, scope=None):
        return OAuth2Session(
            self.client_id, self.client_secret, scope=scope, redirect_uri=redirect_uri, code_challenge_method="S256"
        )

    def _id_token(self, tokens, nonce):
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=TIMEOUT).json())
        read = jwt.decode(tokens["id_token"], keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}},
            params={"nonce": nonce, "client_id": self.client_id, "access_token": tokens["access_token"]},
        )
        claims.validate(leeway=30)
        return claims
