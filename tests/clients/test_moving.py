"""The samples in Python of docs/examples/moving-clients, run as people run them: the JSON login, the form that gets a code, the browser."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from browser import Browser

SETUP = json.loads(Path(os.environ["AUTHLY_CLIENTS"]).read_text(encoding="utf-8"))
USER = SETUP["moving"]["user"]
SAMPLES = Path(__file__).resolve().parents[2] / "docs/examples/moving-clients/python"


def start(file):
    """Starts a sample; the browser that it opens is a program that does nothing."""
    environment = {
        **os.environ,
        "ISSUER": SETUP["issuer"],
        "CLIENT_ID": SETUP["moving"]["client_id"],
        "BROWSER": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
