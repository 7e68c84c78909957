/** One room: its messages, in order and each once, who is in it, and what we said that is not stored yet.
 *
 * `epoch` and `offset` tell up to where the log is known without a hole. After a hole or a lost
 * connection the service is asked for what came `since`.
 */

export const ROOM_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const KEPT = 500; // messages in the page
const HOLE_DELAY = 300; // ms that a message may be late before it is asked for

export class Room {
  user;
  name = null;
  members = new Set();
  #request;
  #onChange;
  #log = new Map(); // offset → message, all of one epoch
  #outbox = new Map(); // id → message whose state is waiting, sending or failed
  #epoch = null;
  #offset = 0;
  #here = false;
  #early = null; // messages that arrive while a join is on its way
  #visit = 0;
  #timer = null;

  /** `request(event, payload)` resolves to an acknowledgement; `onChange()` follows every change. */
  constructor(user, request, onChange) {
    this.user = user;
    this.#request = request;
    this.#onChange = onChange;
  }

  /** Stored messages by offset, then those on their way. */
  get messages() {
    const stored = [...this.#log.values()].sort((a, b) => a.offset - b.offset);
    return [...stored, ...this.#outbox.values()];
  }

  /** Enter a room, and leave the one we were in. */
  join(name) {
    return this.#enter({ room: name });
  }

  /** Enter the room again and catch up. */
  rejoin() {
    return this.#enter({ room: this.name, since: { epoch: this.#epoch, offset: this.#offset } });
  }

  leave() {
    this.#moveTo(null);
    this.#onChange();
  }

  /** The connection is gone: hold messages back until we are in the room again. */
  lost() {
    clearTimeout(this.#timer);
    this.#timer = this.#early = null;
    this.#here = false;
    this.#visit += 1;
  }

  say(text) {
    const item = { id: newId(), user: this.user, text, sent_at: new Date().toISOString() };
    this.#outbox.set(item.id, item);
    this.#deliver(item);
  }

  /** Send a failed message again under its id, so that it cannot be stored twice. */
  retry(id) {
    const item = this.#outbox.get(id);
    if (item) this.#deliver(item);
  }

  received(message) {
    if (this.#early) this.#early.push(message);
    else if (message.room === this.name) {
      this.#keep(message);
      this.#onChange();
    }
  }

  presence({ room, joined, left }) {
    if (room !== this.name) return;
    joined.forEach((user) => this.members.add(user));
    left.forEach((user) => this.members.delete(user));
    this.#onChange();
  }

  async #enter(wanted) {
    const visit = ++this.#visit;
    this.#early ??= [];
    const answer = await this.#request("join", wanted);
    if (visit !== this.#visit) return answer;
    const early = this.#early;
    this.#early = null;
    if (answer.ok) this.#entered(wanted.room, answer);
    early.forEach((message) => this.received(message));
    this.#onChange();
    return answer;
  }

  #entered(name, { epoch, offset, recovered, messages, members }) {
    if (name !== this.name) this.#moveTo(name);
    if (!recovered) this.#log.clear();
    this.#here = true;
    this.#epoch = epoch;
    this.#offset = offset;
    messages.forEach((message) => this.#keep(message));
    this.members = new Set([...members, this.user]);
    this.#sendWaiting();
  }

  #moveTo(name) {
    if (this.name) this.#request("leave", { room: this.name });
    this.lost();
    this.name = name;
    for (const part of [this.#log, this.#outbox, this.members]) part.clear();
  }

  async #sendWaiting() {
    for (const item of [...this.#outbox.values()]) {
      if (item.state === "waiting") await this.#deliver(item);
    }
  }

  async #deliver(item) {
    item.state = this.#here ? "sending" : "waiting";
    item.error = null;
    this.#onChange();
    if (!this.#here) return;
    const { name } = this;
    const answer = await this.#request("message", { room: name, text: item.text, id: item.id });
    if (this.name !== name) return;
    if (answer.ok) this.#keep({ ...item, epoch: this.#epoch, offset: answer.offset });
    else if (answer.error.code === "offline") item.state = "waiting";
    else {
      item.state = "failed";
      item.error = answer.error;
      item.retryAt = Date.now() + (answer.error.retry_after ?? 0) * 1000;
    }
    this.#onChange();
  }

  #keep(message) {
    if (message.user === this.user) this.#outbox.delete(message.id);
    if (message.epoch === this.#epoch) {
      this.#log.set(message.offset, { ...message, state: "stored" });
      while (this.#log.has(this.#offset + 1)) this.#offset += 1;
      if (this.#log.size > KEPT) this.#log.delete(Math.min(...this.#log.keys()));
    }
    if (this.#isAhead(message)) this.#fillHoleSoon(message);
  }

  /** Whether something before `message` is missing here. */
  #isAhead({ epoch, offset }) {
    return epoch !== this.#epoch || offset > this.#offset;
  }

  #fillHoleSoon(message) {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#here && this.#isAhead(message)) this.rejoin();
    }, HOLE_DELAY);
  }
}

/** 128 random bits. (crypto.randomUUID is missing on a plain-http page that is not on localhost.) */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
