// A provider that other people wrote, in front of which Authly stands: oidc-provider, started and stopped by the test.

import { createPrivateKey, generateKeyPairSync, randomUUID } from "node:crypto";
import http from "node:http";
import Provider from "oidc-provider";

// Through PEM: Node.js 20 can wait for itself forever when it writes a key as JWK while it tidies up after having made it.
const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const key = { ...createPrivateKey(privateKey).export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };

/** Its people, by the name that is typed there. */
export const people = new Map();

export class Upstream {
  #server;
  #port;

  constructor(issuer, client) {
    this.#port = Number(new URL(issuer).port);
    const provider = new Provider(issuer, {
      clients: [client],
      jwks: { keys: [key] },
      cookies: { keys: ["only for tests"] },
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
      scopes: ["openid", "email", "profile", "groups"],
      pkce: { required: () => true },
      features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
      findAccount: (_, id) => people.has(id) && { accountId: people.get(id).sub ?? id, claims: () => ({ sub: people.get(id).sub ?? id, ...people.get(id) }) },
      fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
    });
    this.provider = provider;
    this.callback = provider.callback();
  }

  async start() {
    this.#server = http.createServer(this.callback);
    await new Promise((resolve, reject) => this.#server.once("error", reject).listen(this.#port, "127.0.0.1", resolve));
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
