// Between: still a form of one's own, but what it gets is a code, and with it the tokens of OAuth.
// For first-party clients alone, and only while a browser is out of the question.

import * as oidc from "openid-client";
import { askPassword } from "./password.mjs";
import { discover, refresh, revoke, scope } from "./provider.mjs";

const issuer = process.env.ISSUER ?? "http://localhost:8000";
const clientId = process.env.CLIENT_ID ?? "shop-cli";
const config = await discover(issuer, clientId, oidc.None());

const [username] = process.argv.slice(2);
const [verifier, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomNonce()];
const answer = await fetch(config.serverMetadata().authorization_challenge_endpoint, {
  method: "POST",
  redirect: "error",
  body: new URLSearchParams({
    client_id: clientId,
    scope,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    username,
    password: await askPassword(),
  }),
});
const step = await answer.json();
if (step.error === "redirect_to_web") {
  console.error("this account signs in with the browser: run after-cli.mjs");
  process.exit(1);
}
if (!step.authorization_code) {
  console.error(`${step.error}: ${step.error_description}`);
  process.exit(1);
}

let tokens = await oidc.genericGrantRequest(config, "authorization_code", { code: step.authorization_code, code_verifier: verifier });
const { sub, nonce: echoed } = tokens.claims();
if (echoed !== nonce) throw new Error("the ID token belongs to another sign-in");
const person = await oidc.fetchUserInfo(config, tokens.access_token, sub);
console.log("signed in as", person.email, "for", tokens.expires_in, "seconds");

tokens = await refresh(config, tokens);
console.log("refreshed; userinfo answers", (await oidc.fetchUserInfo(config, tokens.access_token, sub)).email);

await revoke(config, tokens);
console.log("signed out");
