// openid-client: a confidential client with HTTP Basic, one that signs its requests, and one without a secret.

import assert from "node:assert/strict";
import { test } from "node:test";
import { importJWK } from "jose";
import * as client from "openid-client";
import { Browser } from "./browser.mjs";
import { scope, setup } from "./setup.mjs";

async function discover(id, authentication) {
  const options = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };
  return client.discovery(new URL(setup.issuer), id, undefined, authentication, options);
}

async function signIn(config) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: setup.redirect_uri,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const answer = await new Browser().authorize(url, setup.redirect_uri, setup.user);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return { answer, checks, tokens: await client.authorizationCodeGrant(config, answer, checks) };
}

async function userFlow(t, config) {
  const { answer, checks, tokens } = await signIn(config);
  const { sub } = tokens.claims();

  await t.test("the answer names its issuer (RFC 9207)", () => {
    assert.equal(answer.searchParams.get("iss"), setup.issuer);
  });
  await t.test("userinfo knows the same person", async () => {
    const person = await client.fetchUserInfo(config, tokens.access_token, sub);
    assert.equal(person.email, setup.user.email);
  });
  let latest;
  await t.test("a refresh brings a new refresh token and keeps the person", async () => {
    latest = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.ok(latest.access_token && latest.refresh_token);
    assert.notEqual(latest.refresh_token, tokens.refresh_token);
    if (latest.id_token) assert.equal(latest.claims().sub, sub);
    await client.fetchUserInfo(config, latest.access_token, sub);
  });
  await t.test("a code works once", async () => {
    await assert.rejects(client.authorizationCodeGrant(config, answer, checks), { error: "invalid_grant" });
  });
  return { tokens, sub };
}

async function confidentialFlow(t, config) {
  await userFlow(t, config);
  const { tokens } = await signIn(config);

  await t.test("introspection tells a live token", async () => {
    const told = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(told.active, true);
    assert.equal(told.client_id, config.clientMetadata().client_id);
  });
  await t.test("a revoked grant is dead at introspection and at refresh", async () => {
    await client.tokenRevocation(config, tokens.refresh_token, { token_type_hint: "refresh_token" });
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
  });
  await t.test("client_credentials brings a token of the client itself", async () => {
    const own = await client.clientCredentialsGrant(config, { scope: "read" });
    assert.equal(own.token_type, "bearer");
    assert.equal(own.refresh_token, undefined);
    assert.equal((await client.tokenIntrospection(config, own.access_token)).active, true);
  });
}

test("openid-client with client_secret_basic", async (t) => {
  const { client_id, client_secret } = setup.basic;
  await confidentialFlow(t, await discover(client_id, client.ClientSecretBasic(client_secret)));
});

test("openid-client with private_key_jwt", async (t) => {
  const { client_id, key } = setup.jwt;
  const signer = { key: await importJWK(key, "ES256"), kid: key.kid };
  await confidentialFlow(t, await discover(client_id, client.PrivateKeyJwt(signer)));
});

test("openid-client without a secret", async (t) => {
  const config = await discover(setup.public.client_id, client.None());
  await userFlow(t, config);
  await t.test("it may revoke its own tokens", async () => {
    const { tokens } = await signIn(config);
    await client.tokenRevocation(config, tokens.refresh_token);
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
  });
  await t.test("it gets no token of its own", async () => {
    await assert.rejects(client.clientCredentialsGrant(config, { scope: "read" }));
  });
});

test("openid-client is told about a wrong secret", async () => {
  const config = await discover(setup.basic.client_id, client.ClientSecretBasic("not-the-secret-of-this-client"));
  await assert.rejects(client.clientCredentialsGrant(config, { scope: "read" }), (error) => {
    assert.equal(error.status ?? error.cause?.status ?? error.response?.status, 401);
    return true;
  });
});
