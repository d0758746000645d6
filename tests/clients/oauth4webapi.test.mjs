// oauth4webapi: the strictest reader of answers, by RFC 8414 metadata, with client_secret_post.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import { Browser } from "./browser.mjs";
import { scope, setup } from "./setup.mjs";

const options = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(setup.issuer);

async function discover(algorithm) {
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...options, algorithm }));
}

async function signIn(server, client, authentication) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: setup.redirect_uri,
    response_type: "code",
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const answer = await new Browser().authorize(url, setup.redirect_uri, setup.user);
  const parameters = oauth.validateAuthResponse(server, client, answer, state);
  const response = await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, setup.redirect_uri, verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(server, response, options);
  return tokens;
}

async function introspect(server, client, authentication, token) {
  return oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, authentication, token, options));
}

async function refresh(server, client, authentication, token) {
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token, options);
  return oauth.processRefreshTokenResponse(server, client, response);
}

for (const algorithm of ["oauth2", "oidc"]) {
  test(`oauth4webapi reads the metadata (${algorithm})`, async () => {
    const server = await discover(algorithm);
    assert.equal(server.issuer, setup.issuer);
    assert.ok(server.code_challenge_methods_supported.includes("S256"));
    assert.equal(server.authorization_response_iss_parameter_supported, true);
  });
}

test("oauth4webapi with client_secret_post", async (t) => {
  const server = await discover("oauth2");
  const client = { client_id: setup.post.client_id };
  const authentication = oauth.ClientSecretPost(setup.post.client_secret);
  const tokens = await signIn(server, client, authentication);
  const claims = oauth.getValidatedIdTokenClaims(tokens);

  await t.test("userinfo knows the same person", async () => {
    const response = await oauth.userInfoRequest(server, client, tokens.access_token, options);
    const person = await oauth.processUserInfoResponse(server, client, claims.sub, response);
    assert.equal(person.email, setup.user.email);
  });
  await t.test("the access token is a JWT of RFC 9068", async () => {
    const { aud } = JSON.parse(Buffer.from(tokens.access_token.split(".")[1], "base64url"));
    const request = new Request("http://resource.example/", { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const read = await oauth.validateJwtAccessToken(server, request, [aud].flat()[0], options);
    assert.equal(read.client_id, client.client_id);
    assert.equal(read.sub, claims.sub);
  });
  const latest = await refresh(server, client, authentication, tokens.refresh_token);
  await t.test("a refresh rotates", () => {
    assert.ok(latest.refresh_token);
    assert.notEqual(latest.refresh_token, tokens.refresh_token);
  });
  await t.test("introspection and revocation agree", async () => {
    assert.equal((await introspect(server, client, authentication, latest.access_token)).active, true);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, latest.refresh_token, options));
    assert.equal((await introspect(server, client, authentication, latest.access_token)).active, false);
    await assert.rejects(refresh(server, client, authentication, latest.refresh_token), { error: "invalid_grant" });
  });
  await t.test("client_credentials", async () => {
    const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams({ scope: "read" }), options);
    const own = await oauth.processClientCredentialsResponse(server, client, response);
    assert.equal(own.scope ?? "read", "read");
  });
});

test("oauth4webapi without a secret", async () => {
  const server = await discover("oidc");
  const client = { client_id: setup.public.client_id };
  const tokens = await signIn(server, client, oauth.None());
  const latest = await refresh(server, client, oauth.None(), tokens.refresh_token);
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), latest.refresh_token, options));
  await assert.rejects(refresh(server, client, oauth.None(), latest.refresh_token), { error: "invalid_grant" });
});
