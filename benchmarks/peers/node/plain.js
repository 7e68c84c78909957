// Socket.IO by itself: no tokens, no limits, no checks.
"use strict";

require("./serving").serve((io) => {
  io.on("connection", (socket) => {
    socket.on("echo", (data, ack) => ack(data));
    socket.on("join", (data, ack) => {
      socket.join("all");
      ack();
    });
    socket.on("say", (data) => io.to("all").emit("said", data));
  });
});
