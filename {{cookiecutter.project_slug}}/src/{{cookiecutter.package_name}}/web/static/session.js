/** Who is signed in. The token is kept in this object and nowhere else: closing the page forgets it. */

import { address } from "./address.js";

export const tokensAreMade = document.documentElement.dataset.tokens === "made";

const RENEW_BEFORE = 30; // seconds before its end at which a token is not worth connecting with

export class Session {
  #token = null;

  get user() {
    return claimsOf(this.#token).sub ?? "unknown";
  }

  /** In development `credential` is a name, elsewhere a token. */
  async signIn(credential) {
    this.#token = tokensAreMade ? await mint(credential) : credential;
  }

  /** The token to connect with; in development a new one if it is about to end. */
  async token() {
    const secondsLeft = claimsOf(this.#token).exp - Date.now() / 1000;
    // If the service is away the old token will do: its answer to that one tells what is wrong.
    if (tokensAreMade && secondsLeft < RENEW_BEFORE) await this.signIn(this.user).catch(() => {});
    return this.#token;
  }
}

/** Have the service make a token; it does so in development only. */
async function mint(user) {
  const response = await fetch(address("dev/token"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user, scope: "chat feed:read" }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `the service answered ${response.status}`);
  return answer.token;
}

/** The claims of a token, unverified: they only decide what is shown and when to renew. */
function claimsOf(token) {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (character) => character.codePointAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}
