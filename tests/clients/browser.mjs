// A person with the plainest of browsers: cookies, redirects and forms over HTTP, no script.
// It finds its way by what the pages say (a password field, a button "Allow"), so a new look breaks nothing here.

import dns from "node:dns";
import http from "node:http";

dns.setDefaultResultOrder("ipv4first");

/** One request, without following redirects; `fetch` of older versions of Node.js does not tell cookies apart. */
function request(url, { body, ...options }) {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { ...options, signal: AbortSignal.timeout(30_000) }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, html: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, number, name) =>
    hex ? String.fromCodePoint(parseInt(hex, 16)) : number ? String.fromCodePoint(Number(number)) : (entities[name] ?? whole));
}

function attributes(tag) {
  const found = {};
  for (const [, name, quoted, single, bare] of tag.matchAll(/\s([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)) {
    found[name.toLowerCase()] = decode(quoted ?? single ?? bare ?? "");
  }
  return found;
}

function forms(html) {
  return [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/gi)].map(([form]) => ({
    ...attributes(form.match(/<form\b[^>]*>/i)[0]),
    inputs: [...form.matchAll(/<input\b[^>]*>/gi)].map(([tag]) => attributes(tag)),
    buttons: [...form.matchAll(/(<button\b[^>]*>)([\s\S]*?)<\/button>/gi)].map(([, tag, inner]) => ({
      ...attributes(tag),
      text: decode(inner.replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ").trim(),
    })),
  }));
}

export class Browser {
  #cookies = new Map();

  /** Opens a page and follows redirects; an address that starts with `home`, if there is one, is given back unopened. */
  async open(url, home, form) {
    for (let hops = 0; hops < 12; hops++) {
      if (home && url.startsWith(home)) return { arrived: new URL(url) };
      const headers = { accept: "text/html", cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
      const posted = { "content-type": "application/x-www-form-urlencoded", origin: new URL(url).origin, "sec-fetch-site": "same-origin" };
      if (form) Object.assign(headers, posted);
      const answer = await request(url, { method: form ? "POST" : "GET", body: form?.toString(), headers });
      this.#remember(answer.headers["set-cookie"] ?? []);
      if (![301, 302, 303, 307, 308].includes(answer.status)) return { url, status: answer.status, html: answer.html };
      if (answer.status === 307 || answer.status === 308) throw new Error(`${url} answered ${answer.status}, which repeats credentials`);
      url = new URL(answer.headers.location, url).href;
      form = undefined;
    }
    throw new Error(`too many redirects, last to ${url}`);
  }

  #remember(lines) {
    for (const line of lines) {
      const [pair, ...rest] = line.split(";");
      const [name, value] = [pair.slice(0, pair.indexOf("=")).trim(), pair.slice(pair.indexOf("=") + 1).trim()];
      if (rest.some((part) => /^\s*max-age\s*=\s*(0|-\d+)\s*$/i.test(part))) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  /** Fills in what the page asks for and presses the button that leads on. */
  async answer(page, home, user, agree = /^(allow|authorize|approve|accept|continue)\b/i) {
    const offered = forms(page.html);
    const signIn = offered.find((form) => form.inputs.some((input) => input.type === "password"));
    const form = signIn ?? offered.find((candidate) => candidate.buttons.some((button) => agree.test(button.text)));
    if (!form) throw new Error(`nothing to answer at ${page.url} (status ${page.status}):\n${page.html}`);
    const filled = new URLSearchParams();
    for (const input of form.inputs) {
      if (!input.name || ["submit", "button", "image"].includes(input.type)) continue;
      if (input.type === "password") filled.append(input.name, user.password);
      else if (["hidden"].includes(input.type)) filled.append(input.name, input.value ?? "");
      else if (["checkbox", "radio"].includes(input.type)) "checked" in input && filled.append(input.name, input.value ?? "on");
      else filled.append(input.name, signIn ? user.email : (input.value ?? ""));
    }
    const button = form.buttons.find((candidate) => (signIn ? /sign[ -]?in/i : agree).test(candidate.text));
    if (!button) throw new Error(`no button leads on from ${page.url}:\n${page.html}`);
    if (button.name) filled.append(button.name, button.value ?? "");
    const target = new URL(button.formaction ?? form.action ?? page.url, page.url).href;
    return this.open(target, home, filled);
  }

  /** Presses the first button of that name, with what its form holds already. */
  press(page, label) {
    const form = forms(page.html).find((candidate) => candidate.buttons.some((button) => button.text === label));
    if (!form) throw new Error(`no button ${label} at ${page.url}:\n${page.html}`);
    const button = form.buttons.find((candidate) => candidate.text === label);
    const hidden = form.inputs.filter((input) => input.type === "hidden").map((input) => [input.name, input.value ?? ""]);
    const filled = new URLSearchParams(button.name ? [...hidden, [button.name, button.value ?? ""]] : hidden);
    return this.open(new URL(form.action ?? page.url, page.url).href, undefined, filled);
  }

  /** What it would send along to any page. */
  get cookies() {
    return new Map(this.#cookies);
  }

  /** Signs in, agrees where asked, and gives back the address with the answer to the client. */
  async authorize(url, home, user) {
    let page = await this.open(url.toString(), home);
    for (let steps = 0; steps < 5 && !page.arrived; steps++) page = await this.answer(page, home, user);
    if (!page.arrived) throw new Error(`still no answer for the client; the last page was ${page.url}:\n${page.html}`);
    return page.arrived;
  }
}
