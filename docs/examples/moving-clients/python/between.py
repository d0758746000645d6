"""Between: still a form of one's own, but what it gets is a code, and with it the tokens of OAuth.

For first-party clients alone, and only while a browser is out of the question.
"""

import getpass
import os
import sys

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from provider import Provider, Refused

SERVER = os.environ.get("ISSUER", "http://localhost:8000")
CLIENT_ID = os.environ.get("CLIENT_ID", "shop-cli")
SCOPE = "openid profile email offline_access"


def challenge(endpoint, **fields):
    """One step: a code, or what is still missing."""
    answer = requests.post(endpoint, data={"client_id": CLIENT_ID, **fields}, timeout=30, allow_redirects=False)
    return answer.json()


def main():
    username = sys.argv[1]
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    provider = Provider(SERVER, CLIENT_ID)
    endpoint = provider.metadata["authorization_challenge_endpoint"]
    pending = provider.pending()

    step = challenge(
        endpoint,
        scope=SCOPE,
        nonce=pending.nonce,
        code_challenge=create_s256_code_challenge(pending.verifier),
        code_challenge_method="S256",
        username=username,
        password=password,
    )
    if step.get("error") == "redirect_to_web":
        sys.exit("this account signs in with the browser: run after_cli.py")
    if "authorization_code" not in step:
        sys.exit(f"{step['error']}: {step['error_description']}")

    try:
        tokens, person = provider.finish_form(step["authorization_code"], pending)
    except Refused as why:
        sys.exit(f"not signed in: {why}")
    print("signed in as", person["email"], "for", tokens["expires_in"], "seconds")

    tokens = provider.refresh(tokens)
    print("refreshed; userinfo answers", provider.userinfo(tokens, person["sub"])["email"])

    provider.revoke(tokens)
    print("signed out")


if __name__ == "__main__":
    main()
