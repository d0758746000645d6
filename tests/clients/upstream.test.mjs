// Authly in front of oidc-provider: somebody signs in there for a client of Authly and signs out; the provider is stopped and started again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import * as client from "openid-client";
import { Browser } from "./browser.mjs";
import { Upstream, people } from "./provider.mjs";
import { setup } from "./setup.mjs";

const { issuer, client_id, client_secret } = setup.upstream;
const upstream = new Upstream(issuer, {
  client_id,
  client_secret,
  redirect_uris: [`${setup.issuer}/sign-in/upstream/corp/callback`],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  token_endpoint_auth_method: "client_secret_basic",
  backchannel_logout_uri: `${setup.issuer}/sign-in/upstream/logout`,
  backchannel_logout_session_required: true,
  post_logout_redirect_uris: [`${setup.issuer}/signed-out`],
});
// Our client there has a key and no secret.
const providerWithKey = (jwks) =>
  new Upstream(setup.keyed.issuer, {
    client_id: setup.keyed.client_id,
    jwks,
    redirect_uris: [`${setup.issuer}/sign-in/upstream/keyed/callback`],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "ES256",
  });
let keyed = providerWithKey(setup.keyed.jwks);
const ada = { email: setup.user.email, email_verified: true, name: "Ada" };
const person = { email: "ada-there", password: "any" };
let config;

before(async () => {
  people.set("ada-there", ada);
  people.set("ada-keyed", ada);
  people.set("mallory", { ...ada });
  people.set("unverified", { ...ada, email_verified: false });
  config = await client.discovery(new URL(setup.issuer), setup.basic.client_id, undefined, client.ClientSecretBasic(setup.basic.client_secret), {
    execute: [client.allowInsecureRequests],
  });
  await upstream.start();
  await keyed.start();
});
after(async () => {
  await upstream.stop();
  await keyed.stop();
});

async function request() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: setup.redirect_uri,
    scope: "openid email",
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

/** A link of a page, as a browser reads it. */
function link(page, pattern) {
  const [, href] = page.html.match(pattern) ?? assert.fail(page.html);
  return new URL(href.replace(/&#38;|&amp;/g, "&"), setup.issuer).href;
}

/** The link of the sign-in page that leads to the provider. */
const wayThere = (page, name = "corp") => link(page, new RegExp(`href="(/sign-in/upstream\\?provider=${name}&[^"]+)"`));

/** Says yes at the provider to the question whether to sign out; its button stands outside its form. */
function signOutThere(browser, page, home) {
  const [, xsrf] = page.html.match(/name="xsrf" value="([^"]+)"/) ?? assert.fail(page.html);
  return browser.open(`${issuer}/session/end/confirm`, home, new URLSearchParams({ xsrf, logout: "yes" }));
}

/** Goes to the provider, signs in there as `who`, and comes back. */
async function signInThere(browser, who, name = "corp", there = issuer) {
  const { url, checks } = await request();
  const page = await browser.open(url.toString(), setup.redirect_uri);
  assert.match(page.html, /Continue with The Corp/);
  let step = await browser.open(wayThere(page, name), setup.redirect_uri);
  for (let steps = 0; steps < 5 && !step.arrived && step.url.startsWith(there); steps++) {
    step = await browser.answer(step, setup.redirect_uri, { ...person, email: who });
  }
  if (!step.arrived && /value="allow"/.test(step.html)) step = await browser.answer(step, setup.redirect_uri, person);
  return { step, checks };
}

async function withPassword() {
  const { url, checks } = await request();
  const answer = await new Browser().authorize(url, setup.redirect_uri, setup.user);
  return (await client.authorizationCodeGrant(config, answer, checks)).claims().sub;
}

test("the same person signs in there and with the password here", async () => {
  const sub = await withPassword();
  for (let round = 0; round < 2; round++) {
    const { step, checks } = await signInThere(new Browser(), "ada-there");
    assert.ok(step.arrived, step.html);
    const tokens = await client.authorizationCodeGrant(config, step.arrived, checks);
    assert.equal(tokens.claims().sub, sub);
  }
});

test("a stranger with her address gets nowhere, verified or not", async () => {
  for (const who of ["mallory", "unverified"]) {
    const { step } = await signInThere(new Browser(), who);
    assert.equal(step.status, 403);
    assert.match(step.html, /We found no account for you/);
  }
});

test("signing out there signs out here", async () => {
  const browser = new Browser();
  const { step } = await signInThere(browser, "ada-there");
  assert.ok(step.arrived);
  const account = () => browser.open(`${setup.issuer}/account`, setup.redirect_uri);
  assert.doesNotMatch((await account()).html, /name="password"/);
  await signOutThere(browser, await browser.open(`${issuer}/session/end`, setup.redirect_uri), setup.redirect_uri);
  for (let tries = 0; tries < 50 && !/name="password"/.test((await account()).html); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.match((await account()).html, /name="password"/, "the back-channel logout ended the session");
});

test("an application that signs its user out signs them out there, and gets them back", async () => {
  const browser = new Browser();
  const { step, checks } = await signInThere(browser, "ada-there");
  const tokens = await client.authorizationCodeGrant(config, step.arrived, checks);
  const out = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: setup.after, state: "s" });
  const question = await browser.open(out.toString(), setup.after);
  assert.ok(question.url.startsWith(`${issuer}/session/end?`), question.url);
  const back = await signOutThere(browser, question, setup.after);
  assert.equal(back.arrived?.href, `${setup.after}?state=s`);
  assert.match((await browser.open(`${setup.issuer}/account`, issuer)).html, /name="password"/, "signed out here");
  const again = await browser.open(wayThere(await browser.open(`${setup.issuer}/sign-in`, issuer)), setup.redirect_uri);
  assert.ok(again.url.startsWith(issuer), "not let in by a session there");
  assert.match(again.html, /name="password"/, "signed out there");
});

test("whoever signs out on a page of ours is offered to sign out there", async () => {
  const browser = new Browser();
  await signInThere(browser, "ada-there");
  const asked = await browser.open(`${setup.issuer}/auth/logout`, setup.redirect_uri);
  const done = await browser.answer(asked, setup.redirect_uri, person, /^sign out\b/i);
  assert.match(done.html, /Sign out of The Corp/);
  const question = await browser.open(link(done, new RegExp(`href="(${issuer}/session/end[^"]+)"`)), setup.redirect_uri);
  const back = await signOutThere(browser, question, setup.redirect_uri);
  assert.equal(back.url.split("?")[0], `${setup.issuer}/signed-out`);
});

test("our client proves itself with its key, and with another one does not", async () => {
  const signIn = () => signInThere(new Browser(), "ada-keyed", "keyed", setup.keyed.issuer);
  const { step, checks } = await signIn();
  assert.ok(step.arrived, step.html);
  assert.ok((await client.authorizationCodeGrant(config, step.arrived, checks)).claims().sub);
  await keyed.stop();
  const { publicKey } = await generateKeyPair("ES256", { extractable: true });
  const other = { ...(await exportJWK(publicKey)), kid: setup.keyed.jwks.keys[0].kid, alg: "ES256", use: "sig" };
  keyed = providerWithKey({ keys: [other] });
  await keyed.start();
  const refused = await signIn();
  assert.equal(refused.step.status, 502, refused.step.html);
  assert.match(refused.step.html, /did not work/);
});

test("while the provider is down the password works, and it comes back by itself", async () => {
  await upstream.stop();
  const browser = new Browser();
  const leave = async () => {
    const page = await browser.open(`${setup.issuer}/sign-in`, setup.redirect_uri);
    return browser.open(wayThere(page), setup.redirect_uri);
  };
  // What was seen a moment ago is trusted for twenty seconds.
  let page;
  const began = Date.now();
  do {
    page = await browser.open(wayThere(await browser.open(`${setup.issuer}/sign-in`, setup.redirect_uri)), issuer);
    if (page.arrived) await new Promise((resolve) => setTimeout(resolve, 1000));
  } while (page.arrived && Date.now() - began < 30_000);
  assert.equal(page.status, 503);
  assert.match(page.html, /does not answer at the moment/);
  for (let tries = 0; tries < 4; tries++) assert.equal((await leave()).status, 503);
  assert.match((await browser.open(`${setup.issuer}/sign-in`, setup.redirect_uri)).html, /The Corp does not answer at the moment/);
  assert.ok(await withPassword());
  await upstream.start();
  let back;
  const restarted = Date.now();
  do {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    back = await browser.open(wayThere(await browser.open(`${setup.issuer}/sign-in`, setup.redirect_uri)), issuer);
  } while (!back.arrived && Date.now() - restarted < 40_000);
  assert.ok(back.arrived, "the breaker has closed again");
  const { step } = await signInThere(new Browser(), "ada-there");
  assert.ok(step.arrived, step.html);
});
