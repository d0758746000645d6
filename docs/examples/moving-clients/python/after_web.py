"""After, with a server of its own: a small web application that never sees a password.

The browser holds a random cookie and nothing else: tokens stay here, in the memory of this process.
"""

import html
import http.server
import os
import secrets
import threading
import time
from collections import OrderedDict
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError

from provider import Provider, Refused

SERVER = os.environ.get("ISSUER", "http://localhost:8000")
HOME = os.environ.get("APP_URL", "http://localhost:3000")
PORT = int(os.environ.get("PORT", "3000"))
REDIRECT_URI = HOME + "/callback"
HTTPS = HOME.startswith("https://")
# `__Host-` makes browsers refuse the cookie from any other place; it needs https.
PREFIX = "__Host-shop_" if HTTPS else "shop_"
SESSION, SIGNING_IN = PREFIX + "session", PREFIX + "signing_in"
SESSION_SECONDS, SIGN_IN_SECONDS = 8 * 3600, 600


class Shelf:
    """Values under random names, each for a while; when the shelf is full, the oldest goes."""

    def __init__(self, seconds, most=10_000):
        self._seconds, self._most = seconds, most
        self._values = OrderedDict()
        self._lock = threading.Lock()

    def put(self, value):
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._values[name] = (time.monotonic() + self._seconds, value)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return name

    def get(self, name):
        with self._lock:
            until, value = self._values.get(name, (0, None))
        return value if time.monotonic() < until else None

    def take(self, name):
        value = self.get(name)
        with self._lock:
            self._values.pop(name, None)
        return value


class Session:
    """A person who is signed in, and the tokens that belong to them."""

    def __init__(self, tokens, person):
        self._tokens, self.person = tokens, person
        self._lock = threading.Lock()

    def tokens(self, refused=None):
        """Tokens that are good for another half minute, and not those that an API refused.

        Two requests at once must not spend one refresh token twice.
        """
        with self._lock:
            if self._tokens is refused or self._tokens["expires_at"] - 30 < time.time():
                self._tokens = provider.refresh(self._tokens)
            return self._tokens

    def call(self, url):
        """Calls an API; a token that ended early is replaced once."""
        tokens = self.tokens()
        answer = provider.get(url, tokens)
        return provider.get(url, self.tokens(refused=tokens)) if answer.status_code == 401 else answer


provider = Provider(SERVER, os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], "openid profile email offline_access")
api = os.environ.get("API", provider.metadata["userinfo_endpoint"])
sessions, signing_in = Shelf(SESSION_SECONDS), Shelf(SIGN_IN_SECONDS)


class Application(http.server.BaseHTTPRequestHandler):
    timeout = 30

    def do_GET(self):
        page = {"/": self.home, "/sign-in": self.sign_in, "/callback": self.callback}.get(urlsplit(self.path).path)
        if page is None:
            return self.page(404, "<p>Nothing is here.</p>")
        try:
            return page()
        except (AuthlibBaseError, requests.RequestException) as why:
            self.log_error("the server does not answer: %s", why)
            return self.page(502, "<p>The server does not answer. Try again soon.</p>")

    def do_POST(self):
        # SameSite keeps the cookie from other sites; this keeps out the rest.
        if self.headers.get("Origin") != HOME:
            return self.page(403, "<p>This form is not ours.</p>")
        return self.sign_out() if self.path == "/sign-out" else self.page(404, "<p>Nothing is here.</p>")

    def home(self):
        session = sessions.get(self.cookie(SESSION))
        if session is None:
            return self.page(200, '<p><a href="/sign-in">Sign in</a></p>')
        try:
            answer = session.call(api)
        except Refused:
            sessions.take(self.cookie(SESSION))
            return self.page(200, '<p>You were signed out. <a href="/sign-in">Sign in</a></p>', self.forget(SESSION))
        who, told = html.escape(session.person["email"]), html.escape(answer.text)
        form = '<form method="post" action="/sign-out"><button>Sign out</button></form>'
        return self.page(200, f"<p>Signed in as {who}</p><p>The API answers {answer.status_code}:</p><pre>{told}</pre>{form}")

    def sign_in(self):
        url, pending = provider.begin(REDIRECT_URI)
        return self.go(url, self.remember(SIGNING_IN, signing_in.put(pending), SIGN_IN_SECONDS))

    def callback(self):
        pending = signing_in.take(self.cookie(SIGNING_IN))
        if pending is None:
            return self.page(400, '<p>This sign-in is over. <a href="/sign-in">Begin anew</a></p>')
        try:
            tokens, person = provider.finish(self.path, REDIRECT_URI, pending)
        except Refused as why:
            self.log_error("a sign-in was refused: %s", why)
            again = '<p>That did not work. <a href="/sign-in">Begin anew</a></p>'
            return self.page(400, again, self.forget(SIGNING_IN))
        sessions.take(self.cookie(SESSION))
        session = self.remember(SESSION, sessions.put(Session(tokens, person)), SESSION_SECONDS)
        return self.go("/", session, self.forget(SIGNING_IN))

    def sign_out(self):
        """Ends our session, the grant, and the session at the server."""
        session = sessions.take(self.cookie(SESSION))
        if session is None:
            return self.go("/", self.forget(SESSION))
        try:
            tokens = session.tokens()
            provider.revoke(tokens)
        except (Refused, AuthlibBaseError, OSError) as why:
            self.log_error("the grant was not revoked: %s", why)
            return self.go("/", self.forget(SESSION))
        ask = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": HOME + "/", "client_id": provider.client_id}
        return self.go(provider.metadata["end_session_endpoint"] + "?" + urlencode(ask), self.forget(SESSION))

    def cookie(self, name):
        found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        return found.value if found else ""

    def remember(self, name, value, seconds):
        return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax" + ("; Secure" if HTTPS else "")

    def forget(self, name):
        return self.remember(name, "", 0)

    def go(self, where, *cookies):
        self.answer(303, "", [("Location", where)], cookies)

    def page(self, status, body, *cookies):
        self.answer(status, f"<!doctype html><title>The Shop</title><h1>The Shop</h1>{body}", [], cookies)

    def answer(self, status, body, headers, cookies):
        content = body.encode()
        self.send_response(status)
        for name, value in [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
            # The sign-out form leads to the server by a redirect, which counts as a target of the form.
            ("Content-Security-Policy", f"default-src 'none'; form-action 'self' {SERVER}; frame-ancestors 'none'; base-uri 'none'"),
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            *headers,
            *(("Set-Cookie", cookie) for cookie in cookies),
        ]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code="-", size="-"):
        """Without the query, which holds the code."""
        self.log_message("%s %s %s", self.command, urlsplit(self.path).path, int(code))


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Application)
    print("The Shop is open at", HOME, flush=True)
    server.serve_forever()
