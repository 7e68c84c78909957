// What Node's WebSockets can do without Socket.IO: every message comes back.
"use strict";

const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 2048 });
server.on("connection", (socket) => {
  socket.on("message", (data) => socket.send(data, { binary: false }));
});
