"""Authlib: a confidential client with HTTP Basic, which it does not form-encode, and one without a secret."""

import json
import os
import unittest
from pathlib import Path

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Browser

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
SETUP = json.loads(Path(os.environ["AUTHLY_CLIENTS"]).read_text(encoding="utf-8"))
SCOPE = "openid profile email offline_access"


def metadata():
    answer = requests.get(SETUP["issuer"] + "/.well-known/openid-configuration", timeout=30)
    answer.raise_for_status()
    return answer.json()


def session(client, method):
    return OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        scope=SCOPE,
        redirect_uri=SETUP["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        introspection_endpoint_auth_method=method,
    )


def sign_in(oauth, server):
    verifier, nonce = generate_token(64), generate_token(24)
    url, state = oauth.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    answer = Browser().authorize(url, SETUP["redirect_uri"], SETUP["user"])
    token = oauth.fetch_token(server["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier)
    return token, id_token(token, server, oauth.client_id, nonce)


def id_token(token, server, client_id, nonce):
    keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=30).json())
    read = jwt.decode(token["id_token"], keys, algorithms=["RS256", "ES256"])
    claims = CodeIDToken(
        read.claims,
        read.header,
        options={"iss": {"value": SETUP["issuer"]}, "aud": {"value": client_id}},
        params={"nonce": nonce, "client_id": client_id, "access_token": token["access_token"]},
    )
    claims.validate()
    return claims


class Authlib(unittest.TestCase):
    """Each test signs in anew."""

    @classmethod
    def setUpClass(cls):
        cls.server = metadata()

    def userinfo(self, oauth):
        answer = oauth.get(self.server["userinfo_endpoint"], timeout=30)
        answer.raise_for_status()
        return answer.json()

    def introspect(self, oauth, token):
        answer = oauth.introspect_token(self.server["introspection_endpoint"], token=token)
        answer.raise_for_status()
        return answer.json()

    def test_discovery_names_this_issuer(self):
        self.assertEqual(self.server["issuer"], SETUP["issuer"])

    def test_code_refresh_and_userinfo_with_client_secret_basic(self):
        oauth = session(SETUP["basic"], "client_secret_basic")
        token, claims = sign_in(oauth, self.server)
        person = self.userinfo(oauth)
        self.assertEqual((person["sub"], person["email"]), (claims["sub"], SETUP["user"]["email"]))
        latest = oauth.refresh_token(self.server["token_endpoint"], refresh_token=token["refresh_token"])
        self.assertNotEqual(latest["refresh_token"], token["refresh_token"])
        self.assertEqual(self.userinfo(oauth)["sub"], claims["sub"])

    def test_introspection_and_revocation(self):
        oauth = session(SETUP["basic"], "client_secret_basic")
        token, _ = sign_in(oauth, self.server)
        self.assertIs(self.introspect(oauth, token["access_token"])["active"], True)
        answer = oauth.revoke_token(self.server["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token")
        self.assertEqual(answer.status_code, 200)
        self.assertIs(self.introspect(oauth, token["access_token"])["active"], False)
        with self.assertRaises(OAuthError) as refused:
            oauth.refresh_token(self.server["token_endpoint"], refresh_token=token["refresh_token"])
        self.assertEqual(refused.exception.error, "invalid_grant")

    def test_client_credentials(self):
        for client, method in (("basic", "client_secret_basic"), ("post", "client_secret_post")):
            with self.subTest(method):
                oauth = session(SETUP[client], method)
                token = oauth.fetch_token(self.server["token_endpoint"], grant_type="client_credentials", scope="read")
                self.assertTrue(token["access_token"])
                self.assertNotIn("refresh_token", token)

    def test_a_client_without_a_secret(self):
        oauth = session(SETUP["public"], "none")
        token, claims = sign_in(oauth, self.server)
        self.assertEqual(self.userinfo(oauth)["sub"], claims["sub"])
        oauth.refresh_token(self.server["token_endpoint"], refresh_token=token["refresh_token"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
