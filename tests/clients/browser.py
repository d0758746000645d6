"""A person with the plainest of browsers: cookies, redirects and forms over HTTP, no script.

It finds its way by what the pages say (a password field, a button "Allow"), so a new look breaks nothing here.
"""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

AGREE = re.compile(r"(allow|authorize|approve|accept|continue)\b", re.IGNORECASE)
SIGN_IN = re.compile(r"sign[ -]?in", re.IGNORECASE)


class Forms(HTMLParser):
    """The forms of a page with their inputs and buttons."""

    def __init__(self, html):
        super().__init__()
        self.forms = []
        self._form = self._button = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._form = {"attributes": attributes, "inputs": [], "buttons": []}
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None:
            self._form["inputs"].append(attributes)
        elif tag == "button" and self._form is not None:
            self._button = {"attributes": attributes, "text": ""}
            self._form["buttons"].append(self._button)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None

    def handle_data(self, data):
        if self._button is not None:
            self._button["text"] = (self._button["text"] + " " + data).strip()


class Browser:
    """Signs a person in and agrees for them."""

    def __init__(self):
        self._session = requests.Session()

    def authorize(self, url, home, user):
        """Opens the authorization URL and gives back the address with the answer to the client."""
        page, arrived = self.open(url, home)
        for _ in range(5):
            if arrived:
                return arrived
            page, arrived = self.answer(page, home, user)
        if arrived:
            return arrived
        raise AssertionError(f"still no answer for the client; the last page was {page.url}:\n{page.text}")

    def open(self, url, home=None, form=None):
        """Opens a page and follows redirects: the page, or an address that starts with `home`, which is not opened."""
        for _ in range(12):
            if home and url.startswith(home):
                return None, url
            if form is None:
                answer = self._session.get(url, allow_redirects=False, timeout=30)
            else:
                place = urlsplit(url)
                headers = {"Origin": f"{place.scheme}://{place.netloc}", "Sec-Fetch-Site": "same-origin"}
                answer = self._session.post(url, data=form, headers=headers, allow_redirects=False, timeout=30)
            if not answer.is_redirect:
                return answer, None
            assert answer.status_code not in (307, 308), f"{url} repeats credentials"
            url, form = urljoin(url, answer.headers["Location"]), None
        raise AssertionError(f"too many redirects, last to {url}")

    def press(self, page, label):
        """Presses the first button of that name, with what its form holds already."""
        forms = Forms(page.text).forms
        found = [(form, button) for form in forms for button in form["buttons"] if button["text"] == label]
        assert found, f"no button {label} at {page.url}:\n{page.text}"
        form, button = found[0]
        filled = [(field.get("name"), field.get("value", "")) for field in form["inputs"] if field.get("type") == "hidden"]
        if button["attributes"].get("name"):
            filled.append((button["attributes"]["name"], button["attributes"].get("value", "")))
        return self.open(urljoin(page.url, form["attributes"].get("action") or page.url), form=filled)[0]

    @property
    def cookies(self):
        """What it would send along, by name."""
        return {cookie.name: cookie.value for cookie in self._session.cookies}

    def answer(self, page, home, user):
        """Fills in what the page asks for and presses the button that leads on."""
        forms = Forms(page.text).forms
        sign_in = next((form for form in forms if any(field.get("type") == "password" for field in form["inputs"])), None)
        wanted = SIGN_IN if sign_in else AGREE
        form = sign_in or next((form for form in forms if any(AGREE.match(button["text"]) for button in form["buttons"])), None)
        assert form, f"nothing to answer at {page.url} (status {page.status_code}):\n{page.text}"
        filled = []
        for field in form["inputs"]:
            kind, name = field.get("type", "text"), field.get("name")
            if not name or kind in ("submit", "button", "image"):
                continue
            if kind == "password":
                filled.append((name, user["password"]))
            elif kind == "hidden":
                filled.append((name, field.get("value", "")))
            elif kind in ("checkbox", "radio"):
                if "checked" in field:
                    filled.append((name, field.get("value", "on")))
            else:
                filled.append((name, user["email"] if sign_in else field.get("value", "")))
        button = next((button for button in form["buttons"] if wanted.search(button["text"])), None)
        assert button, f"no button leads on from {page.url}:\n{page.text}"
        if button["attributes"].get("name"):
            filled.append((button["attributes"]["name"], button["attributes"].get("value", "")))
        action = button["attributes"].get("formaction") or form["attributes"].get("action") or page.url
        return self.open(urljoin(page.url, action), home, filled)
