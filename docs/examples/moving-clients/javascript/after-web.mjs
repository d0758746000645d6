// After, with a server of its own: a small web application that never sees a password.
// The browser holds a random cookie and nothing else: tokens stay here, in the memory of this process.

import http from "node:http";
import * as oidc from "openid-client";
import { begin, call, discover, finish, refresh, revoke } from "./provider.mjs";
import { Shelf } from "./shelf.mjs";

const issuer = process.env.ISSUER ?? "http://localhost:8000";
const home = process.env.APP_URL ?? "http://localhost:3000";
const https = home.startsWith("https://");
// `__Host-` makes browsers refuse the cookie from any other place; it needs https.
const prefix = https ? "__Host-shop_" : "shop_";
const [SESSION, SIGNING_IN] = [`${prefix}session`, `${prefix}signing_in`];

const config = await discover(issuer, process.env.CLIENT_ID, oidc.ClientSecretBasic(process.env.CLIENT_SECRET));
const api = process.env.API ?? config.serverMetadata().userinfo_endpoint;
const [sessions, signingIn] = [new Shelf(8 * 3600), new Shelf(600)];

/** Tokens that are good for another half minute, and not those that an API refused. Two requests at once must not spend one refresh token twice. */
function fresh(session, refused) {
  if (session.tokens !== refused && session.tokens.ends - 30_000 > Date.now()) return session.tokens;
  session.refreshing ??= refresh(config, session.tokens)
    .then((tokens) => (session.tokens = tokens))
    .finally(() => (session.refreshing = undefined));
  return session.refreshing;
}

/** Calls an API; a token that ended early is replaced once. */
async function callAs(session, url) {
  const tokens = await fresh(session);
  const answer = await call(url, tokens);
  return answer.status === 401 ? call(url, await fresh(session, tokens)) : answer;
}

const pages = {
  async "GET /"(request) {
    const session = sessions.get(cookie(request, SESSION));
    if (!session) return page(200, '<p><a href="/sign-in">Sign in</a></p>');
    let answer;
    try {
      answer = await callAs(session, api);
    } catch (why) {
      if (why.error !== "invalid_grant") throw why;
      // The grant has ended: revoked, expired, or the account is off.
      sessions.take(cookie(request, SESSION));
      return page(200, '<p>You were signed out. <a href="/sign-in">Sign in</a></p>', [forget(SESSION)]);
    }
    const form = '<form method="post" action="/sign-out"><button>Sign out</button></form>';
    const told = `<p>The API answers ${answer.status}:</p><pre>${escape(await answer.text())}</pre>`;
    return page(200, `<p>Signed in as ${escape(session.person.email)}</p>${told}${form}`);
  },

  async "GET /sign-in"() {
    const { url, pending } = await begin(config, `${home}/callback`);
    return go(url.href, [remember(SIGNING_IN, signingIn.put(pending), 600)]);
  },

  async "GET /callback"(request) {
    const pending = signingIn.take(cookie(request, SIGNING_IN));
    if (!pending) return page(400, '<p>This sign-in is over. <a href="/sign-in">Begin anew</a></p>');
    let session;
    try {
      session = await finish(config, new URL(request.url, home), pending);
    } catch (why) {
      console.error("a sign-in was refused:", why.error ?? why.cause?.message ?? why.message);
      return page(400, '<p>That did not work. <a href="/sign-in">Begin anew</a></p>', [forget(SIGNING_IN)]);
    }
    sessions.take(cookie(request, SESSION));
    return go("/", [remember(SESSION, sessions.put(session), 8 * 3600), forget(SIGNING_IN)]);
  },

  /** Ends our session, the grant, and the session at the server. */
  async "POST /sign-out"(request) {
    // SameSite keeps the cookie from other sites; this keeps out the rest.
    if (request.headers.origin !== home) return page(403, "<p>This form is not ours.</p>");
    const session = sessions.take(cookie(request, SESSION));
    if (!session) return go("/", [forget(SESSION)]);
    try {
      const tokens = await fresh(session);
      await revoke(config, tokens);
      const asked = { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${home}/` };
      return go(oidc.buildEndSessionUrl(config, asked).href, [forget(SESSION)]);
    } catch (why) {
      console.error("the grant was not revoked:", why.error ?? why.cause?.message ?? why.message);
      return go("/", [forget(SESSION)]);
    }
  },
};

function cookie(request, name) {
  const pairs = (request.headers.cookie ?? "").split(/;\s*/).map((pair) => pair.split("="));
  return pairs.find(([found]) => found === name)?.[1];
}

const remember = (name, value, seconds) =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${https ? "; Secure" : ""}`;
const forget = (name) => remember(name, "", 0);
const escape = (text) => text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
const go = (location, cookies = []) => ({ status: 303, body: "", headers: { location }, cookies });
const page = (status, body, cookies = []) => ({
  status,
  body: `<!doctype html><title>The Shop</title><h1>The Shop</h1>${body}`,
  headers: { "content-type": "text/html; charset=utf-8" },
  cookies,
});

const server = http.createServer(async (request, response) => {
  const path = request.url.split("?")[0];
  const answer = await Promise.resolve(pages[`${request.method} ${path}`]?.(request) ?? page(404, "<p>Nothing is here.</p>"))
    .catch((why) => {
      console.error(why.message);
      return page(502, "<p>The server does not answer. Try again soon.</p>");
    });
  response.writeHead(answer.status, {
    "cache-control": "no-store",
    // The sign-out form leads to the server by a redirect, which counts as a target of the form.
    "content-security-policy": `default-src 'none'; form-action 'self' ${issuer}; frame-ancestors 'none'; base-uri 'none'`,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    ...answer.headers,
    "set-cookie": answer.cookies,
  });
  response.end(answer.body);
  console.log(request.method, path, answer.status); // Without the query, which holds the code.
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => console.log("The Shop is open at", home));
