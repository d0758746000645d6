"""The samples in Python of docs/examples/moving-clients, run as people run them: the JSON login, the form that gets a code, the browser."""

import json
import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from browser import Browser

SETUP = json.loads(Path(os.environ["AUTHLY_CLIENTS"]).read_text(encoding="utf-8"))
USER = SETUP["moving"]["user"]
SAMPLES = Path(__file__).resolve().parents[2] / "docs/examples/moving-clients/python"


def start(file, **more):
    """Starts a sample; the browser that it opens is a program that does nothing."""
    environment = {
        **os.environ,
        "ISSUER": SETUP["issuer"],
        "CLIENT_ID": SETUP["moving"]["client_id"],
        "BROWSER": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }
    return subprocess.Popen(
        [sys.executable, file, USER["email"]],
        cwd=SAMPLES,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Moving(unittest.TestCase):
    """From the password to the browser."""

    def lines(self, sample, line=""):
        out, err = sample.communicate(line + "\n", timeout=60)
        self.assertEqual(sample.returncode, 0, out + err)
        return out.strip().split("\n")

    def refused(self, file, why):
        sample = start(file)
        _, err = sample.communicate("another password\n", timeout=60)
        self.assertEqual(sample.returncode, 1, err)
        self.assertRegex(err, why)

    def test_before_is_the_json_login(self):
        told = self.lines(start("before.py"), USER["password"])
        self.assertRegex(told[0], r"^signed in, for \d+ seconds$")
        self.assertEqual(
            told[1:],
            [
                f"the API answers {USER['email']}",
                f"refreshed; the API answers {USER['email']}",
                "signed out; the API answers 401",
            ],
        )
        self.refused("before.py", r"^/auth/token: 400 ")

    def test_between_the_same_form_gets_a_code(self):
        told = self.lines(start("between.py"), USER["password"])
        self.assertRegex(told[0], rf"^signed in as {USER['email']} for \d+ seconds$")
        self.assertEqual(told[1:], [f"refreshed; userinfo answers {USER['email']}", "signed out"])
        self.refused("between.py", r"^insufficient_authorization: ")

    def test_after_is_the_browser(self):
        sample = start("after_cli.py")
        sample.stdout.readline()
        url = sample.stdout.readline().strip()
        home = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        arrived = Browser().authorize(url, home, USER)
        self.assertEqual(requests.get(arrived, timeout=30).status_code, 200)
        told = self.lines(sample)
        self.assertRegex(told[0], rf"^signed in as {USER['email']} for \d+ seconds$")
        self.assertEqual(told[1:], [f"refreshed; the API answers {USER['email']}", "signed out; the API answers 401"])

    def says(self, page, status, text):
        self.assertEqual(page.status_code, status, page.text)
        self.assertRegex(page.text, text)

    def test_after_with_a_server_of_its_own(self):
        """People leave for Authly and come back, and tokens stay behind."""
        web, issuer = SETUP["moving"]["web"], SETUP["issuer"]
        home = web["home"]
        secrets = {"CLIENT_ID": web["client_id"], "CLIENT_SECRET": web["client_secret"]}
        sample = start("after_web.py", APP_URL=home, PORT=str(urlsplit(home).port), **secrets)
        printed = []
        log = threading.Thread(target=printed.extend, args=(sample.stderr,))
        log.start()
        for pipe in [sample.stdin, sample.stdout, sample.stderr]:
            self.addCleanup(pipe.close)
        self.addCleanup(sample.wait, timeout=30)
        self.addCleanup(sample.terminate)
        self.assertEqual(sample.stdout.readline().strip(), f"The Shop is open at {home}")
        grace = Browser()

        def sign_in():
            page, _ = grace.open(f"{home}/sign-in")
            self.assertTrue(page.url.startswith(f"{issuer}/"), page.url)
            return grace.answer(page, None, USER)[0]

        def shop(path=""):
            return grace.open(f"{home}/{path}")[0]

        self.says(shop(), 200, "Sign in")
        inside = sign_in()
        self.assertEqual(inside.url, f"{home}/")
        self.says(inside, 200, f"(?s)Signed in as {USER['email']}.*The API answers 200:.*&quot;sub&quot;")
        for value in [inside.text, *grace.cookies.values()]:
            self.assertNotRegex(value, r"eyJ[\w-]+\.eyJ", "no token leaves the server")

        # Signed out at all three places: the session, the grant, and Authly, which asks for the password again.
        self.says(grace.press(inside, "Sign out"), 200, "Sign in")
        self.says(shop("sign-in"), 200, 'type="password"')

        # Whoever disconnects the application at Authly is signed out of it.
        self.says(sign_in(), 200, "Signed in as")
        account, _ = grace.open(f"{issuer}/account")
        self.says(grace.press(account, "Disconnect"), 200, "no longer access")
        self.says(shop(), 200, "You were signed out")

        # Answers to nobody, of another server, and twice; forms of others.
        self.says(shop("callback?code=x&state=y"), 400, "This sign-in is over")
        for place in [{}, {"iss": issuer}, {"iss": "https://elsewhere.example"}]:
            answer = "callback?" + urlencode({"code": "x", "state": "y", **place})
            self.assertIsNotNone(grace.open(f"{home}/sign-in", f"{issuer}/")[1])
            self.says(shop(answer), 400, "That did not work")
            self.says(shop(answer), 400, "This sign-in is over")
        foreign = requests.post(f"{home}/sign-out", headers={"Origin": "https://elsewhere.example"}, timeout=30)
        self.assertEqual(foreign.status_code, 403)

        sample.terminate()
        log.join(timeout=30)
        told = "".join(printed)
        self.assertRegex(told, "GET /callback 303")
        self.assertRegex(told, "POST /sign-out 303")
        self.assertNotRegex(told, "code=|state=", "no code in a log")


if __name__ == "__main__":
    unittest.main(verbosity=2)
