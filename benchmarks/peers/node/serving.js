// Starts a Socket.IO server as the environment says: PORT, WEB_CONCURRENCY, REDIS_URL, WS_ENGINE.
"use strict";

const cluster = require("node:cluster");
const { createServer } = require("node:http");
const { Server } = require("socket.io");

async function redis() {
  const { createClient } = require("redis");
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  return client;
}

// `register(io, redis)` adds the handlers; `redis` is null where there is no REDIS_URL.
exports.serve = async (register) => {
  const workers = Number(process.env.WEB_CONCURRENCY || 1);
  if (workers > 1 && cluster.isPrimary) {
    for (let i = 0; i < workers; i++) cluster.fork();
    return;
  }
  const server = createServer((request, response) => response.end());
  const options = { transports: ["websocket"] };
  if (process.env.WS_ENGINE) options.wsEngine = require(process.env.WS_ENGINE).Server;
  const io = new Server(server, options);
  let client = null;
  if (process.env.REDIS_URL) {
    const { createAdapter } = require("@socket.io/redis-adapter");
    client = await redis();
    io.adapter(createAdapter(client, await redis()));
  }
  register(io, client);
  server.listen(Number(process.env.PORT), "127.0.0.1", 2048);
};
