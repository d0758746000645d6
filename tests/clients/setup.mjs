// What the test command prepared for this run.

import { readFileSync } from "node:fs";

const file = process.env.AUTHLY_CLIENTS;
if (!file) throw new Error("AUTHLY_CLIENTS is not set; run `cargo xtask test --only clients`");

export const setup = JSON.parse(readFileSync(file, "utf8"));
export const scope = "openid profile email offline_access";
