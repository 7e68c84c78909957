// Drives a running service as a browser application would, with the official client.
// Usage: node contract.mjs URL TOKENS_JSON. Prints one JSON object: what was seen, by step.
import { createRequire } from "node:module";
import { join } from "node:path";

const { io } = createRequire(join(process.cwd(), "package.json"))("socket.io-client");
const [url, tokens] = [process.argv[2], JSON.parse(process.argv[3])];
// Where the service speaks MessagePack: the folder that holds socket.io-msgpack-parser.
const parser = tokens.parser && createRequire(join(tokens.parser, "package.json"))("socket.io-msgpack-parser");
const seen = {};

function open(token, { at = url, ...options } = {}) {
  return io(`${at}/chat`, {
    transports: tokens.transports,
    auth: token === undefined ? {} : { token },
    forceNew: true,
    reconnection: false,
    ...(parser && { parser }),
    ...options,
  });
}

function once(socket, event, milliseconds = 10_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event}`)), milliseconds);
    socket.once(event, (value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

async function connected(token, options) {
  const socket = open(token, options);
  await Promise.race([
    once(socket, "connect"),
    once(socket, "connect_error").then((error) => {
      throw new Error(`refused: ${error.message} ${JSON.stringify(error.data)}`);
    }),
  ]);
  return socket;
}

async function refusal(token) {
  const socket = open(token);
  const error = await once(socket, "connect_error");
  socket.close();
  return { message: error.message, data: error.data };
}

const call = (socket, event, data) => socket.timeout(10_000).emitWithAck(event, data);

async function offsets(socket, count) {
  const found = [];
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, 5_000);
    socket.on("message", (message) => {
      found.push(message.offset);
      if (found.length === count) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  return found;
}

seen.refused = {};
for (const [why, token] of Object.entries(tokens.bad)) seen.refused[why] = await refusal(token);
seen.refused.missing = await refusal(undefined);

const ada = await connected(tokens.ada);
const bob = await connected(tokens.bob, { at: tokens.second });
const room = tokens.room;
seen.joined = [await call(ada, "join", { room }), await call(bob, "join", { room })];
const heard = offsets(bob, 3);
seen.sent = [];
for (const id of ["n1", "n2", "n2", "n3"]) {
  seen.sent.push(await call(ada, "message", { room, text: `text ${id}`, id }));
}
seen.heard = await heard;
seen.invalid = await call(ada, "message", { room, text: 1, id: "x", colour: "red" });
seen.unknown = await call(ada, "shout", {});

const since = { epoch: seen.joined[1].epoch, offset: seen.joined[1].offset + 2 };
const cut = once(bob, "disconnect");
bob.io.engine.close(); // as a broken line would
await cut;
await call(ada, "message", { room, text: "missed", id: "n4" });
const returned = await connected(tokens.bob);
seen.recovered = await call(returned, "join", { room, since });

const limited = await connected(tokens.limited);
await call(limited, "join", { room: `${room}-limit` });
const began = performance.now();
for (let number = 0; number < 50; number += 1) {
  const ack = await call(limited, "message", { room: `${room}-limit`, text: "x", id: `${number}` });
  if (!ack.ok) {
    seen.limited = { number, seconds: (performance.now() - began) / 1000, error: ack.error };
    break;
  }
}
seen.transport = ada.io.engine.transport.name; // a client that began with polling has moved on
console.log(JSON.stringify(seen));
process.exit(0);
