/** The console page: joins its parts. A further live view would be wired up here, as the prices are. */

import { Connection } from "./connection.js";
import { loadIo } from "./library.js";
import { Prices } from "./prices.js";
import { ROOM_NAME, Room } from "./room.js";
import { Session, tokensAreMade } from "./session.js";
import * as view from "./view.js";

const { $ } = view;
const TICK = 500; // ms between two looks at the countdowns
const BAD_NAME =
  "A room name has 1 to 64 characters: a–z, 0–9, “-” and “_”, and starts with a letter or digit.";
const NO_LIBRARY = "The browser libraries are missing: run “make assets”, then reload this page.";

const session = new Session();
let connection = null;
let room = null;
let state = { name: "idle" };
let failure = "";
export let prices = null;

const libraries = Promise.all([
  loadIo(),
  import("./vendor/uPlot.esm.js"),
]).catch(() => view.banner("trouble", NO_LIBRARY));

async function signIn() {
  const [io, plotting] = (await libraries) ?? [];
  if (!io) return;
  const credential = $("credential").value.trim();
  try {
    if (!credential) throw new Error(tokensAreMade ? "a name is needed" : "a token is needed");
    await session.signIn(credential);
  } catch (error) {
    view.fieldError("credential", `Not signed in: ${error.message}.`);
    return;
  }
  $("credential").value = "";
  view.fieldError("credential", "");
  connection?.close();
  connection = new Connection(io, "/chat", session, stateChanged);
  if (room?.user !== session.user) {
    room = new Room(session.user, (event, payload) => connection.request(event, payload), showRoom);
  }
  connection.socket.on("message", (message) => room.received(message));
  connection.socket.on("presence", (change) => room.presence(change));
  connection.open();
  prices ??= new Prices(plotting.default, $("plot"));
  prices.open(io, session);
  for (const each of [connection, prices.connection]) {
    each.socket.on("token_expiring", ({ expires_in }) => tokenExpiring(each, expires_in));
  }
}

function stateChanged(next) {
  state = next;
  view.connection(state);
  if (state.name === "connected") entered();
  else if (state.name !== "draining") room.lost();
  if (state.name !== "refused" || state.at) return;
  view.signedIn("");
  view.fieldError("credential", `Refused: ${view.explain(state)}`);
}

function entered() {
  view.signedIn(session.user);
  showRoom();
  if (room.name) return rejoinRoom();
  $("room").value = location.hash.slice(1) || $("room").value;
  return joinRoom();
}

async function joinRoom() {
  const name = $("room").value.trim();
  const answer = ROOM_NAME.test(name) ? await room.join(name) : null;
  const problem = answer?.error ? view.explain(answer.error) : BAD_NAME;
  view.fieldError("room", answer?.ok ? "" : problem);
  if (!answer?.ok) return $("room").focus();
  history.replaceState(null, "", `#${name}`);
  showRoom();
  return $("text").focus();
}

async function rejoinRoom() {
  const answer = await room.rejoin();
  if (!answer.ok) return notBack(answer.error);
  const missed = answer.messages.length;
  if (!answer.recovered) view.news("What you missed could not be recovered: these are the latest messages.");
  else if (missed) view.news(missed === 1 ? "Caught up on 1 message." : `Caught up on ${missed} messages.`);
  return view.banner("trouble", "");
}

function notBack(error) {
  if (error.code === "offline") return; // the next connect brings us here again
  view.banner("trouble", `Not back in the room: ${view.explain(error)}`);
  if (!error.retry_after) room.leave();
  else setTimeout(() => state.name === "connected" && room.name && rejoinRoom(), error.retry_after * 1000);
}

function showRoom() {
  view.room(room, session.user);
  view.messages(room, session.user);
  const failed = room.messages.find((message) => message.state === "failed");
  const now = failed ? `Not sent: ${view.explain(failed.error)}` : "";
  if (now !== failure) view.speak((failure = now));
}

function say() {
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  $("scroller").scrollTop = 0; // the bottom: the list grows upwards
  view.news("");
  room.say(text);
}

async function tokenExpiring(connection, seconds) {
  if (!tokensAreMade) return view.banner("renew", `Your token ends in ${seconds} s.`);
  // If this fails the socket ends with its token, and the next connect comes with a new one.
  await session.signIn(session.user).catch(() => {});
  return connection.request("token_refresh", { token: await session.token() });
}

async function renew() {
  const token = $("new-token").value.trim();
  $("new-token").value = "";
  const answer = await connection.request("token_refresh", { token });
  if (answer.ok) {
    await session.signIn(token);
    prices.connection.request("token_refresh", { token });
  }
  view.banner("renew", answer.ok ? "" : `Not renewed: ${view.explain(answer.error)}`);
}

function tryNow() {
  connection.open();
  prices.connection.open();
}

/** Run `action` for a form, once at a time. */
function onSubmit(id, action) {
  let busy = false;
  $(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    await action();
    busy = false;
  });
}

onSubmit("sign-in", signIn);
onSubmit("room-form", joinRoom);
onSubmit("symbol-form", () => prices.watch(view.symbol()));
onSubmit("composer", say);
onSubmit("renew", renew);

$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});
$("room").addEventListener("input", () => view.fieldError("room", ""));
$("leave").addEventListener("click", () => {
  room.leave();
  $("room").focus();
});
$("sign-out").addEventListener("click", () => {
  connection.close();
  prices.close();
  connection = room = null;
  view.signedIn("");
});
$("try-now").addEventListener("click", tryNow);
$("messages").addEventListener("click", ({ target }) => {
  if (target.matches(".retry")) room.retry(target.closest("li").dataset.id);
});
window.addEventListener("online", () => state.at && tryNow());

setInterval(() => {
  if (state.at) view.countdown(state);
  if (failure) view.messages(room, session.user);
}, TICK);
