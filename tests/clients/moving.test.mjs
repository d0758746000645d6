// The samples in JavaScript of docs/examples/moving-clients, run as people run them: the JSON login, the form that gets a code, the browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Browser } from "./browser.mjs";
import { setup } from "./setup.mjs";

const { client_id, user, web } = setup.moving;
const samples = fileURLToPath(new URL("../../docs/examples/moving-clients/javascript", import.meta.url));
// Where they find the library that they import.
const folder = fileURLToPath(new URL(`node_modules/.moving-clients-${process.pid}`, import.meta.url));

before(() => cp(samples, folder, { recursive: true, filter: (source) => path.basename(source) !== "node_modules" }));
after(() => rm(folder, { recursive: true, force: true }));

/** Starts a sample; nothing on its PATH could open a real browser. */
function start(file, line = "", more = {}) {
  const env = { PATH: folder, HOME: folder, ISSUER: setup.issuer, CLIENT_ID: client_id, ...more };
  const child = spawn(process.execPath, [path.join(folder, file), user.email], { env, stdio: ["pipe", "pipe", "pipe"] });
  const told = { out: "", err: "" };
  child.stdout.on("data", (part) => (told.out += part));
  child.stderr.on("data", (part) => (told.err += part));
  child.stdin.end(`${line}\n`);
  const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, ...told })));
  return { child, told, ended };
}

/** Waits until a sample has printed a line of which this tells what is looked for. */
async function told(run, find) {
  const until = Date.now() + 30_000;
  const found = () => run.told.out.split("\n").slice(0, -1).map(find).find(Boolean);
  while (!found() && run.child.exitCode === null && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  return found() ?? assert.fail(`${run.told.out}${run.told.err}`);
}

/** What a sample printed that ended well. */
async function lines(run) {
  const { code, out, err } = await run.ended;
  assert.equal(code, 0, `${out}${err}`);
  return out.trim().split("\n");
}

test("before: the JSON login, a refresh, and the end of both tokens", async () => {
  const printed = await lines(start("before.mjs", user.password));
  assert.match(printed[0], /^signed in, for \d+ seconds$/);
  assert.deepEqual(printed.slice(1), [
    `the API answers ${user.email}`,
    `refreshed; the API answers ${user.email}`,
    "signed out; the API answers 401",
  ]);
  const refused = await start("before.mjs", "another password").ended;
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^\/auth\/token: 400 /);
});

test("between: the same form gets a code", async () => {
  const printed = await lines(start("between.mjs", user.password));
  assert.match(printed[0], new RegExp(`^signed in as ${user.email} for \\d+ seconds$`));
  assert.deepEqual(printed.slice(1), [`refreshed; userinfo answers ${user.email}`, "signed out"]);
  const refused = await start("between.mjs", "another password").ended;
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^insufficient_authorization: /);
});

test("after: the browser, and a loopback port for the answer", async () => {
  const run = start("after-cli.mjs");
  const url = new URL(await told(run, (line) => line.startsWith("http") && line));
  const arrived = await new Browser().authorize(url, url.searchParams.get("redirect_uri"), user);
  assert.equal((await fetch(arrived)).status, 200);
  const printed = (await lines(run)).slice(2);
  assert.match(printed[0], new RegExp(`^signed in as ${user.email} for \\d+ seconds$`));
  assert.deepEqual(printed.slice(1), [`refreshed; the API answers ${user.email}`, "signed out; the API answers 401"]);
});

test("after, with a server of its own: people leave for Authly and come back, and tokens stay behind", async (context) => {
  const { home, ...client } = web;
  const secrets = { CLIENT_ID: client.client_id, CLIENT_SECRET: client.client_secret };
  const run = start("after-web.mjs", "", { ...secrets, APP_URL: home, PORT: new URL(home).port });
  context.after(async () => {
    run.child.kill();
    await run.ended;
  });
  await told(run, (line) => line === `The Shop is open at ${home}`);
  const ada = new Browser();
  const says = (page, status, text) => {
    assert.equal(page.status, status, page.html);
    assert.match(page.html, text);
  };
  const signIn = async () => {
    const page = await ada.open(`${home}/sign-in`);
    assert.ok(page.url.startsWith(`${setup.issuer}/`), page.url);
    return ada.answer(page, undefined, user);
  };

  says(await ada.open(`${home}/`), 200, /Sign in/);
  const inside = await signIn();
  assert.equal(inside.url, `${home}/`);
  says(inside, 200, new RegExp(`Signed in as ${user.email}.*The API answers 200:.*&#34;sub&#34;`, "s"));
  const token = /eyJ[\w-]+\.eyJ/;
  for (const value of [inside.html, ...ada.cookies.values()]) assert.doesNotMatch(value, token, "no token leaves the server");

  // Signed out at all three places: the session, the grant, and Authly, which asks for the password again.
  says(await ada.press(inside, "Sign out"), 200, /Sign in/);
  says(await ada.open(`${home}/sign-in`), 200, /type="password"/);

  // Whoever disconnects the application at Authly is signed out of it.
  const again = await signIn();
  says(again, 200, /Signed in as/);
  const account = await ada.open(`${setup.issuer}/account`);
  says(await ada.press(account, "Disconnect"), 200, /no longer access/);
  says(await ada.open(`${home}/`), 200, /You were signed out/);

  // Answers to nobody, of another server, and twice; forms of others.
  says(await ada.open(`${home}/callback?code=x&state=y`), 400, /This sign-in is over/);
  for (const answer of ["code=x&state=y", `code=x&state=y&iss=${encodeURIComponent(setup.issuer)}`, `code=x&iss=https%3A%2F%2Felsewhere.example`]) {
    const way = await ada.open(`${home}/sign-in`, `${setup.issuer}/`);
    assert.ok(way.arrived, way.html);
    says(await ada.open(`${home}/callback?${answer}`), 400, /That did not work/);
    says(await ada.open(`${home}/callback?${answer}`), 400, /This sign-in is over/);
  }
  const foreign = await fetch(`${home}/sign-out`, { method: "POST", headers: { origin: "https://elsewhere.example" }, redirect: "manual" });
  assert.equal(foreign.status, 403);

  const refused = run.told.err.split("\n").filter((line) => line.startsWith("a sign-in was refused: "));
  assert.deepEqual(refused.map((line) => line.slice("a sign-in was refused: ".length)), [
    'response parameter "iss" (issuer) missing',
    'unexpected "state" response parameter value',
    'unexpected "iss" (issuer) response parameter value',
  ]);
  const log = run.told.out.split("\n");
  assert.ok(log.includes("GET /callback 303") && log.includes("POST /sign-out 303"), run.told.out);
  assert.doesNotMatch(`${run.told.out}${run.told.err}`, /code=|state=/, "no code in a log");
});
