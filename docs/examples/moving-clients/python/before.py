"""Before: the program asks for the password itself and sends it to the JSON login."""

import getpass
import os
import sys

import requests

SERVER = os.environ.get("ISSUER", "http://localhost:8000")
API = os.environ.get("API", SERVER + "/api/v1/users/me")


def post(path, body):
    answer = requests.post(SERVER + path, json=body, timeout=30)
    if not answer.ok:
        sys.exit(f"{path}: {answer.status_code} {answer.json()['detail']}")
    return answer


def sign_in(username, password):
    return post("/auth/token", {"grant_type": "password", "username": username, "password": password}).json()


def refresh(tokens):
    return post("/auth/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}).json()


def call_api(tokens):
    return requests.get(API, headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=30)


def main():
    username = sys.argv[1]
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    tokens = sign_in(username, password)
    print("signed in, for", tokens["expires_in"], "seconds")
    print("the API answers", call_api(tokens).json()["email"])

    tokens = refresh(tokens)
    print("refreshed; the API answers", call_api(tokens).json()["email"])

    post("/auth/revoke", {"token": tokens["access_token"]})
    post("/auth/revoke", {"token": tokens["refresh_token"]})
    print("signed out; the API answers", call_api(tokens).status_code)


if __name__ == "__main__":
    main()
