// Makes the key of a client that signs: `node key.mjs FOLDER` writes private.json, private.pem and jwks.json there.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, exportPKCS8, generateKeyPair } from "jose";

const folder = process.argv[2];
const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const named = { kid: "client-key-1", alg: "ES256", use: "sig" };
writeFileSync(join(folder, "private.json"), JSON.stringify({ ...(await exportJWK(privateKey)), ...named }), { mode: 0o600 });
writeFileSync(join(folder, "private.pem"), await exportPKCS8(privateKey), { mode: 0o600 });
writeFileSync(join(folder, "jwks.json"), JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...named }] }));
