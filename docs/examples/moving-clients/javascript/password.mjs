// Asks for a password without showing it; where nobody sits at a terminal, it is the first line of the input.

import readline from "node:readline";
import { Writable } from "node:stream";

export async function askPassword() {
  const terminal = process.stdin.isTTY === true;
  if (terminal) process.stdout.write("Password: ");
  const silent = new Writable({ write: (_part, _encoding, done) => done() });
  const lines = readline.createInterface({ input: process.stdin, output: silent, terminal });
  const password = await new Promise((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(""));
  });
  lines.close();
  if (terminal) process.stdout.write("\n");
  return password;
}
