// The latest messages of each room, each id once: in memory, or in Redis Streams.
"use strict";

const { createHash, randomBytes } = require("node:crypto");

const HELD = 1000;
const LATEST = 50;

class MemoryLog {
  rooms = new Map();

  room(name) {
    let room = this.rooms.get(name);
    if (!room) this.rooms.set(name, (room = { epoch: randomBytes(8).toString("hex"), offset: 0, messages: new Map() }));
    return room;
  }

  async append(name, id, user, text, sentAt) {
    const room = this.room(name);
    const key = `${user.length}:${user}${id}`;
    const known = room.messages.get(key);
    if (known) return { message: known, duplicate: true };
    const message = { room: name, id, offset: ++room.offset, epoch: room.epoch, user, text, sent_at: sentAt };
    room.messages.set(key, message);
    if (room.messages.size > HELD) room.messages.delete(room.messages.keys().next().value);
    return { message, duplicate: false };
  }

  async replay(name) {
    const { epoch, offset, messages } = this.room(name);
    return { epoch, offset, recovered: false, messages: [...messages.values()].slice(-LATEST) };
  }
}

const APPEND = `
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
local known = redis.call('HGET', KEYS[3], ARGV[2])
if known then return {epoch, tonumber(known), 1} end
local offset = redis.call('HINCRBY', KEYS[1], 'head', 1)
local excess = redis.call('XLEN', KEYS[2]) + 1 - tonumber(ARGV[4])
if excess > 0 then
  for _, old in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', excess)) do
    redis.call('HDEL', KEYS[3], old[2][2])
  end
end
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[4], offset .. '-0', 'key', ARGV[2], 'message', ARGV[3])
redis.call('HSET', KEYS[3], ARGV[2], offset)
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 2592000) end
return {epoch, offset, 0}`;
const SHA = createHash("sha1").update(APPEND).digest("hex");

class RedisLog {
  constructor(redis) {
    this.redis = redis;
    this.loaded = redis.scriptLoad(APPEND);
  }

  async append(name, id, user, text, sentAt) {
    await this.loaded;
    const keys = [`{${name}}:room`, `{${name}}:messages`, `{${name}}:ids`];
    const message = { room: name, id, offset: 0, epoch: "", user, text, sent_at: sentAt };
    const key = `${user.length}:${user}${id}`;
    const values = [randomBytes(8).toString("hex"), key, JSON.stringify(message), String(HELD)];
    const [epoch, offset, duplicate] = await this.redis.evalSha(SHA, { keys, arguments: values });
    return { message: { ...message, epoch, offset }, duplicate: duplicate === 1 };
  }

  async replay(name) {
    const [epoch, head] = await this.redis.hmGet(`{${name}}:room`, ["epoch", "head"]);
    const found = await this.redis.xRevRange(`{${name}}:messages`, "+", "-", { COUNT: LATEST });
    const messages = found.map((entry) => JSON.parse(entry.message.message)).reverse();
    return { epoch: epoch || "", offset: Number(head || 0), recovered: false, messages };
  }
}

module.exports = { MemoryLog, RedisLog };
