// The authorization server, for all programs of this folder. openid-client finds it by its issuer, and checks `state`, `iss`,
// `nonce` and the ID token of every answer.

import * as oidc from "openid-client";

export const scope = "openid profile email offline_access";

export async function discover(issuer, clientId, authentication) {
  const server = new URL(issuer);
  const execute = [oidc.enableNonRepudiationChecks];
  // Plain HTTP is for one's own computer; to any other server openid-client demands https.
  if (["localhost", "127.0.0.1", "[::1]"].includes(server.hostname)) execute.push(oidc.allowInsecureRequests);
  return oidc.discovery(server, clientId, undefined, authentication, { execute });
}

/** The address to send the browser to, and what to remember meanwhile; that never leaves this side. */
export async function begin(config, redirectUri) {
  const pending = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state: pending.expectedState,
    nonce: pending.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pending.pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  return { url, pending };
}

/** Tokens and claims of the person, from the address that the browser came back to. */
export async function finish(config, answer, pending) {
  const tokens = await oidc.authorizationCodeGrant(config, answer, pending);
  const { sub } = tokens.claims();
  return { tokens: withEnd(tokens), person: await oidc.fetchUserInfo(config, tokens.access_token, sub) };
}

/** New tokens; the old refresh token is spent. */
export async function refresh(config, tokens) {
  return { ...tokens, ...withEnd(await oidc.refreshTokenGrant(config, tokens.refresh_token)) };
}

/** Ends the grant: with the refresh token go its access tokens. */
export const revoke = (config, tokens) =>
  oidc.tokenRevocation(config, tokens.refresh_token, { token_type_hint: "refresh_token" });

export const call = (url, tokens) => fetch(url, { headers: { authorization: `Bearer ${tokens.access_token}` } });

const withEnd = (tokens) => ({ ...tokens, ends: Date.now() + tokens.expires_in * 1000 });
