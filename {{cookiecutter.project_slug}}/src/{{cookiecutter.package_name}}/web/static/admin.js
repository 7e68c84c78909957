// What Socket.IO's Admin UI should find when it starts: it asks for an address, and for polling first.
const parser = document.documentElement.dataset.serializer === "msgpack" ? "msgpack" : "default";
const given = { server_url: new URL("..", location.href).origin, namespace: "/admin", ws_only: "true", parser };
for (const [name, value] of Object.entries(given)) localStorage.setItem(name, value);
