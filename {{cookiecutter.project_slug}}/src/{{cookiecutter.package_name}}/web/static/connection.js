/** A Socket.IO connection to one namespace, and the state it is in.
 *
 * Reconnecting is done here and not by socket.io-client: the page shows when the next attempt comes,
 * and a refusal or a draining server says itself when to come back.
 */

import { address } from "./address.js";

const ANSWER_TIMEOUT = 8_000; // ms to wait for an acknowledgement
const LONGEST_WAIT = 15; // seconds between two attempts
const FINAL = ["token_missing", "token_invalid", "token_expired", "token_revoked", "forbidden", "wrong_serializer"];

export class Connection {
  #onState;
  #timer = null;
  #attempts = 0;
  #drainedUntil = 0;

  /** `onState` gets `{name, at?, code?, message?}`; `at` is the time of the next attempt in ms. */
  constructor(io, namespace, session, onState) {
    this.#onState = onState;
    this.socket = io(namespace, {
      path: address("socket.io").pathname,
      transports: ["websocket"],
      auth: (send) => session.token().then((token) => send({ token })),
      autoConnect: false,
      reconnection: false,
      forceNew: true,
    });
    this.socket.on("connect", () => {
      this.#attempts = this.#drainedUntil = 0;
      onState({ name: "connected" });
    });
    this.socket.on("connect_error", (error) => this.#refused(error));
    this.socket.on("disconnect", (reason) => this.#lost(reason));
    this.socket.on("server_draining", ({ retry_in }) => {
      this.#drainedUntil = Date.now() + retry_in * 1000;
      onState({ name: "draining", at: this.#drainedUntil });
    });
  }

  open() {
    clearTimeout(this.#timer);
    if (this.socket.connected) return;
    this.#onState({ name: "connecting" });
    this.socket.connect();
  }

  close() {
    clearTimeout(this.#timer);
    this.socket.disconnect();
    this.#onState({ name: "idle" });
  }

  /** Send an event. Resolves to an acknowledgement in any case, also when none came. */
  async request(event, payload) {
    if (this.socket.connected) {
      try {
        return await this.socket.timeout(ANSWER_TIMEOUT).emitWithAck(event, payload);
      } catch {
        if (this.socket.connected) return refusal("no_answer", "the service did not answer in time", 2);
      }
    }
    return refusal("offline", "not connected");
  }

  #refused({ message, data }) {
    const code = data?.code;
    if (FINAL.includes(code)) this.#onState({ name: "refused", code, message });
    else if (code) this.#retryIn(data.retry_after ?? this.#backoff(), { name: "refused", code, message });
    else this.#retryIn(this.#backoff(), { name: "reconnecting" });
  }

  #lost(reason) {
    if (reason === "io client disconnect") return;
    const drained = (this.#drainedUntil - Date.now()) / 1000;
    if (drained > 0) this.#retryIn(drained, { name: "draining" });
    else this.#retryIn(this.#backoff(), { name: "reconnecting" });
  }

  #retryIn(seconds, state) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), seconds * 1000);
    this.#onState({ ...state, at: Date.now() + seconds * 1000 });
  }

  /** Seconds: doubling, and spread so that the clients of a lost server do not return together. */
  #backoff() {
    return Math.min(LONGEST_WAIT, 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
  }
}

function refusal(code, message, retry_after) {
  return { ok: false, error: { code, message, retry_after } };
}
