// After, on the command line or the desktop: the browser asks for the password, and the answer comes to a loopback port.

import { spawn } from "node:child_process";
import http from "node:http";
import * as oidc from "openid-client";
import { begin, call, discover, finish, refresh, revoke } from "./provider.mjs";

const issuer = process.env.ISSUER ?? "http://localhost:8000";
const minutes = 5;

/** Waits for the one answer, on a port of the system's choice that only this computer reaches. */
async function listen() {
  let arrived;
  const answer = new Promise((resolve) => (arrived = resolve));
  const server = http.createServer((request, response) => {
    const found = request.method === "GET" && request.url.split("?")[0] === "/callback";
    response.writeHead(found ? 200 : 404, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      connection: "close",
    });
    response.end(found ? "You can close this window and go back to the program." : "Nothing is here.");
    if (found) arrived(request.url);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const timer = setTimeout(arrived, minutes * 60_000);
  const home = `http://127.0.0.1:${server.address().port}`;
  const wait = async () => {
    const path = await answer;
    clearTimeout(timer);
    server.close();
    return path && new URL(path, home);
  };
  return { redirectUri: `${home}/callback`, wait };
}

/** Opens the browser if there is one; the address is on the screen anyway. No shell reads it. */
function open(url) {
  const commands = { darwin: ["open"], win32: ["rundll32", "url.dll,FileProtocolHandler"] };
  const [command, ...rest] = commands[process.platform] ?? ["xdg-open"];
  spawn(command, [...rest, url], { stdio: "ignore", detached: true }).on("error", () => {}).unref();
}

const config = await discover(issuer, process.env.CLIENT_ID ?? "shop-cli", oidc.None());
const listener = await listen();
const { url, pending } = await begin(config, listener.redirectUri);
console.log(`Sign in with your browser:\n${url.href}`);
open(url.href);

const answer = await listener.wait();
if (!answer) {
  console.error(`nobody signed in within ${minutes} minutes`);
  process.exit(1);
}
let { tokens, person } = await finish(config, answer, pending).catch((why) => {
  console.error("not signed in:", why.error ?? why.cause?.message ?? why.message);
  process.exit(1);
});
console.log("signed in as", person.email, "for", tokens.expires_in, "seconds");

tokens = await refresh(config, tokens);
const api = process.env.API ?? config.serverMetadata().userinfo_endpoint;
console.log("refreshed; the API answers", (await (await call(api, tokens)).json()).email);

await revoke(config, tokens);
console.log("signed out; the API answers", (await call(api, tokens)).status);
