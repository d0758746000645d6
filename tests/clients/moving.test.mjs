// The samples in JavaScript of docs/examples/moving-clients, run as people run them: the JSON login, the form that gets a code, the browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Browser } from "./browser.mjs";
import { setup } from "./setup.mjs";

const { client_id, user } = setup.moving;
const samples = fileURLToPath(new URL("../../docs/examples/moving-clients/javascript", import.meta.url));
// Where they find the library that they import.
const folder = fileURLToPath(new URL(`node_modules/.moving-clients-${process.pid}`, import.meta.url));

before(() => cp(samples, folder, { recursive: true, filter: (source) => path.basename(source) !== "node_modules" }));
after(() => rm(folder, { recursive: true, force: true }));

/** Starts a sample; nothing on its PATH could open a real browser. */
function start(file, line = "") {
  const env = { PATH: folder, HOME: folder, ISSUER: setup.issuer, CLIENT_ID: client_id };
  const child = spawn(process.execPath, [path.join(folder, file), user.email], { env, stdio: ["pipe", "pipe", "pipe"] });
  const told = { out: "", err: "" };
  child.stdout.on("data", (part) => (told.out += part));
  child.stderr.on("data", (part) => (told.err += part));
  child.stdin.end(`${line}\n`);
  const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, ...told })));
  return { child, told, ended };
}

/** What a sample printed that ended well. */
async function lines(run) {
  const { code, out, err } = await run.ended;
  assert.equal(code, 0, `${out}${err}`);
  return out.trim().split("\n");
}

test("before: the JSON login, a refresh, and the end of both tokens", async () => {
  const told = await lines(start("before.mjs", user.password));
  assert.match(told[0], /^signed in, for \d+ seconds$/);
  assert.deepEqual(told.slice(1), [
    `the API answers ${user.email}`,
    `refreshed; the API answers ${user.email}`,
    "signed out; the API answers 401",
  ]);
  const refused = await start("before.mjs", "another password").ended;
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^\/auth\/token: 400 /);
});

test("between: the same form gets a code", async () => {
  const told = await lines(start("between.mjs", user.password));
  assert.match(told[0], new RegExp(`^signed in as ${user.email} for \\d+ seconds$`));
  assert.deepEqual(told.slice(1), [`refreshed; userinfo answers ${user.email}`, "signed out"]);
  const refused = await start("between.mjs", "another password").ended;
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^insufficient_authorization: /);
});

test("after: the browser, and a loopback port for the answer", async () => {
  const run = start("after-cli.mjs");
  const until = Date.now() + 30_000;
  const asked = () => run.told.out.split("\n").find((line, place, all) => line.startsWith("http") && place < all.length - 1);
  while (!asked() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  const url = new URL(asked() ?? assert.fail(run.told.err));
  const arrived = await new Browser().authorize(url, url.searchParams.get("redirect_uri"), user);
  assert.equal((await fetch(arrived)).status, 200);
  const told = (await lines(run)).slice(2);
  assert.match(told[0], new RegExp(`^signed in as ${user.email} for \\d+ seconds$`));
  assert.deepEqual(told.slice(1), [`refreshed; the API answers ${user.email}`, "signed out; the API answers 401"]);
});
