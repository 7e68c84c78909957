/** socket.io-client, in the build that speaks what the service does: JSON or MessagePack. */

export async function loadIo() {
  if (document.documentElement.dataset.serializer !== "msgpack") {
    return (await import("./vendor/socket.io.esm.min.js")).io;
  }
  await import("./vendor/socket.io.msgpack.min.js"); // it is no module, and leaves a global
  return globalThis.io;
}
