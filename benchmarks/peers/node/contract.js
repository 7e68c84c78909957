// The contract of the generated service's /chat, as an experienced user of Node would write it.
"use strict";

const { randomBytes } = require("node:crypto");
const jwt = require("jsonwebtoken");
const { RateLimiterMemory, RateLimiterRedis } = require("rate-limiter-flexible");
const { z } = require("zod");
const { MemoryLog, RedisLog } = require("./log");

const SECRET = process.env.APP_JWT_SECRET;
const VERIFIED = { algorithms: ["HS256"], audience: process.env.APP_JWT_AUDIENCE, issuer: process.env.APP_JWT_ISSUER };
const MAX_PER_USER = 100000;
const MAX_ROOMS = 100;

const Room = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/);
const Join = z.strictObject({
  room: Room,
  since: z.strictObject({ epoch: z.string().min(1).max(64), offset: z.int().min(0) }).optional(),
});
const Leave = z.strictObject({ room: Room });
const Say = z.strictObject({
  room: Room,
  text: z.string().min(1).max(4000).regex(/^[^\u0000]+$/),
  id: z.string().min(1).max(128).regex(/^[^\u0000-\u001f\u007f]+$/),
});

class Refused extends Error {
  constructor(code, message, retryAfter) {
    super(message);
    Object.assign(this, { code, retryAfter });
  }
}

const line = (fields) => process.stdout.write(JSON.stringify({ at: new Date(), ...fields }) + "\n");

function limiter(redis, keyPrefix) {
  const options = { keyPrefix, points: 1000000, duration: 1 };
  const local = new RateLimiterMemory(options);
  return redis ? new RateLimiterRedis({ ...options, storeClient: redis, useRedisPackage: true, insuranceLimiter: local }) : local;
}

async function hit(limiter, key) {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (refusal instanceof Error) throw refusal;
    throw new Refused("rate_limited", "too many events", refusal.msBeforeNext / 1000);
  }
}

require("./serving").serve((io, redis) => {
  const chat = io.of("/chat");
  const log = redis ? new RedisLog(redis) : new MemoryLog();
  const limits = Object.fromEntries(["handshake", "events", "message"].map((name) => [name, limiter(redis, name)]));
  const perUser = new Map();

  chat.use(async (socket, next) => {
    try {
      await hit(limits.handshake, socket.handshake.address);
      const claims = jwt.verify(socket.handshake.auth.token, SECRET, VERIFIED);
      if (!(claims.scope || "").split(" ").includes("chat")) throw new Refused("forbidden", "no scope");
      const count = perUser.get(claims.sub) || 0;
      if (count >= MAX_PER_USER) throw new Refused("too_many_connections", "too many connections");
      perUser.set(claims.sub, count + 1);
      socket.data = { user: claims.sub, endsAt: claims.exp * 1000 };
      line({ event: "connected", user: claims.sub, address: socket.handshake.address });
      next();
    } catch (error) {
      const code = error.code || "token_invalid";
      line({ event: "handshake refused", code });
      next(Object.assign(new Error(error.message), { data: { code, retry_after: error.retryAfter } }));
    }
  });

  chat.on("connection", (socket) => {
    const { user } = socket.data;
    const rooms = new Set();

    // authenticate → limit → validate → handle → always acknowledge
    const on = (event, type, handle) => {
      socket.on(event, async (payload, ack) => {
        const reply = typeof ack === "function" ? ack : () => {};
        const requestId = randomBytes(8).toString("hex");
        try {
          if (socket.data.endsAt <= Date.now()) throw new Refused("forbidden", "the session has ended");
          await hit(limits.events, user);
          if (event === "message") await hit(limits.message, user);
          const parsed = type.safeParse(payload);
          if (!parsed.success) throw new Refused("invalid_payload", parsed.error.issues[0].message);
          reply({ ok: true, ...(await handle(parsed.data)) });
        } catch (error) {
          const code = error instanceof Refused ? error.code : "internal";
          if (code === "internal") line({ event: "the handler failed", error: String(error) });
          const { message, retryAfter } = error;
          reply({ ok: false, error: { code, message, retry_after: retryAfter, request_id: requestId } });
        }
      });
    };

    on("join", Join, async ({ room, since }) => {
      if (rooms.size >= MAX_ROOMS) throw new Refused("overloaded", "too many rooms");
      const found = await log.replay(room, since);
      socket.join(room);
      rooms.add(room);
      return { room, ...found };
    });
    on("leave", Leave, async ({ room }) => {
      socket.leave(room);
      rooms.delete(room);
      return { room };
    });
    on("message", Say, async ({ room, text, id }) => {
      if (!rooms.has(room)) throw new Refused("not_in_room", `join ${room} first`);
      const { message, duplicate } = await log.append(room, id, user, text, new Date().toISOString());
      if (!duplicate) chat.to(room).emit("message", message);
      return { id, offset: message.offset, duplicate };
    });
    socket.on("disconnect", (reason) => {
      const count = perUser.get(user) - 1;
      if (count) perUser.set(user, count);
      else perUser.delete(user);
      line({ event: "disconnected", user, reason });
    });
  });
});
