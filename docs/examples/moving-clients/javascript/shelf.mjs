// Values under random names, each for a while; when the shelf is full, the oldest goes.

import { randomBytes } from "node:crypto";

export class Shelf {
  #values = new Map();

  constructor(seconds, most = 10_000) {
    Object.assign(this, { seconds, most });
  }

  put(value) {
    const name = randomBytes(32).toString("base64url");
    this.#values.set(name, { value, until: Date.now() + this.seconds * 1000 });
    if (this.#values.size > this.most) this.#values.delete(this.#values.keys().next().value);
    return name;
  }

  get(name) {
    const found = this.#values.get(name);
    return found && Date.now() < found.until ? found.value : undefined;
  }

  take(name) {
    const value = this.get(name);
    this.#values.delete(name);
    return value;
  }
}
