// Official clients that talk in a room until a line comes on the standard input, and then say what they have.
// Usage: node crowd.mjs URL CROWD_JSON, in a project. Prints a line of JSON for each thing that happens to one of them.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const { io } = createRequire(join(process.cwd(), "package.json"))("socket.io-client");
const [url, { room, transports, people }] = [process.argv[2], JSON.parse(process.argv[3])];
const ANSWER_MILLISECONDS = 4_000;
const PAUSE_MILLISECONDS = 300;
let quiet = false;

const say = (user, what, more = {}) => console.log(JSON.stringify({ at: Date.now() / 1000, user, what, ...more }));
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));

class Client {
  record = { epoch: "", offset: 0, start: 0, ids: [], acknowledged: {}, repeated: 0, gaps: 0, unrecovered: 0 };
  joined = false;
  joining = false;

  constructor(user, { token, headers }) {
    this.user = user;
    this.socket = io(`${url}/chat`, { transports, auth: { token }, extraHeaders: headers, forceNew: true });
    this.socket.on("connect", () => this.join());
    this.socket.on("connect_error", (error) => say(user, "refused", { reason: String(error.message) }));
    this.socket.on("message", (message) => this.apply(message, true));
    this.socket.on("presence", ({ joined, left }) => say(user, "presence", { joined, left }));
    this.socket.on("disconnect", (reason) => {
      this.joined = false;
      say(user, "disconnected", { reason });
    });
  }

  async call(event, data) {
    return this.socket.timeout(ANSWER_MILLISECONDS).emitWithAck(event, data);
  }

  async join() {
    if (this.joining) return;
    this.joining = true;
    const { record } = this;
    const since = record.epoch ? { epoch: record.epoch, offset: record.offset } : undefined;
    try {
      const answer = await this.call("join", { room, since });
      if (!answer.ok) throw new Error(answer.error.code);
      if (!since || !answer.recovered) {
        record.unrecovered += since ? 1 : 0;
        [record.epoch, record.offset] = [answer.epoch, answer.offset];
        if (!since) record.start = record.offset;
      } else {
        answer.messages.forEach((message) => this.apply(message, false));
      }
      if (!this.joined) say(this.user, "joined", { recovered: answer.recovered, members: answer.members });
      this.joined = true;
    } catch {
      setTimeout(() => this.socket.connected && this.join(), PAUSE_MILLISECONDS);
    } finally {
      this.joining = false;
    }
  }

  apply({ epoch, offset, id }, live) {
    const { record } = this;
    if (!record.epoch) return; // it comes with the join
    if (epoch !== record.epoch) record.unrecovered += 1;
    else if (offset === record.offset + 1) {
      record.offset += 1;
      record.ids.push(id);
    } else if (offset <= record.offset) record.repeated += live && this.joined && !this.joining ? 1 : 0;
    else if (live && this.joined && !this.joining) {
      record.gaps += 1;
      this.join();
    }
  }

  async speak() {
    for (let number = 1; !quiet; number += 1) {
      const id = `${this.user}-${number}`;
      while (!(id in this.record.acknowledged)) {
        try {
          if (!this.joined) throw new Error("not there");
          const answer = await this.call("message", { room, text: `text ${id}`, id });
          if (answer.ok) this.record.acknowledged[id] = answer.offset;
          else await pause();
        } catch {
          await pause(); // not known whether it arrived: again, with the same id
        }
      }
      await pause();
    }
  }
}

const clients = Object.entries(people).map(([user, way]) => new Client(user, way));
const speaking = Promise.all(clients.map((client) => client.speak()));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
await lines.next();
quiet = true;
await speaking;
say("", "quiet");
await lines.next();
for (const { user, record } of clients) say(user, "record", { record });
process.stdout.write("", () => process.exit(0)); // once all of it is out
