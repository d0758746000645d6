// Before: the program asks for the password itself and sends it to the JSON login.

import { askPassword } from "./password.mjs";

const server = process.env.ISSUER ?? "http://localhost:8000";
const api = process.env.API ?? `${server}/api/v1/users/me`;

async function post(path, body) {
  const answer = await fetch(server + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return answer;
  const { detail } = await answer.json();
  console.error(`${path}: ${answer.status} ${detail}`);
  process.exit(1);
}

const signIn = async (username, password) =>
  (await post("/auth/token", { grant_type: "password", username, password })).json();
const refresh = async (tokens) =>
  (await post("/auth/token", { grant_type: "refresh_token", refresh_token: tokens.refresh_token })).json();
const callApi = (tokens) => fetch(api, { headers: { authorization: `Bearer ${tokens.access_token}` } });

const [username] = process.argv.slice(2);
let tokens = await signIn(username, await askPassword());
console.log("signed in, for", tokens.expires_in, "seconds");
console.log("the API answers", (await (await callApi(tokens)).json()).email);

tokens = await refresh(tokens);
console.log("refreshed; the API answers", (await (await callApi(tokens)).json()).email);

await post("/auth/revoke", { token: tokens.access_token });
await post("/auth/revoke", { token: tokens.refresh_token });
console.log("signed out; the API answers", (await callApi(tokens)).status);
