"""After, on the command line or the desktop: the browser asks for the password, and the answer comes to a loopback port."""

import http.server
import os
import sys
import threading
import webbrowser

from provider import Provider, Refused

SERVER = os.environ.get("ISSUER", "http://localhost:8000")
CLIENT_ID = os.environ.get("CLIENT_ID", "shop-cli")
SCOPE = "openid profile email offline_access"
MINUTES = 5


class Listener(http.server.HTTPServer):
    """Waits for the one answer, on a port of the system's choice that only this computer reaches."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Callback)
        self.redirect_uri = f"http://127.0.0.1:{self.server_port}/callback"
        self.answer = None
        self.arrived = threading.Event()

    def wait(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        try:
            self.arrived.wait(MINUTES * 60)
        finally:
            self.shutdown()
            self.server_close()
        return self.answer


class Callback(http.server.BaseHTTPRequestHandler):
    timeout = 10  # A connection that says nothing does not hold up the answer.

    def do_GET(self):
        if self.path.split("?")[0] != "/callback":
            return self._say(404, "Nothing is here.")
        if self.server.answer is None:
            self.server.answer = self.path
            self.server.arrived.set()
        return self._say(200, "You can close this window and go back to the program.")

    def _say(self, status, text):
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Length", str(len(text))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """A line of the log would hold the code."""


def main():
    provider = Provider(SERVER, CLIENT_ID, scope=SCOPE)
    listener = Listener()
    url, pending = provider.begin(listener.redirect_uri)
    print("Sign in with your browser:", url, sep="\n", flush=True)
    webbrowser.open(url)

    answer = listener.wait()
    if answer is None:
        sys.exit(f"nobody signed in within {MINUTES} minutes")
    try:
        tokens, person = provider.finish(answer, listener.redirect_uri, pending)
    except Refused as why:
        sys.exit(f"not signed in: {why}")
    print("signed in as", person["email"], "for", tokens["expires_in"], "seconds")

    tokens = provider.refresh(tokens)
    api = os.environ.get("API", provider.metadata["userinfo_endpoint"])
    print("refreshed; the API answers", provider.get(api, tokens).json()["email"])

    provider.revoke(tokens)
    print("signed out; the API answers", provider.get(api, tokens).status_code)


if __name__ == "__main__":
    main()
