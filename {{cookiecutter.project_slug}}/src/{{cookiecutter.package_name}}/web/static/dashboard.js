/** The dashboard: signs in, follows symbols, and has them drawn. */

import { Connection } from "./connection.js";
import { Follower, SYMBOL } from "./follower.js";
import { Graph } from "./graph.js";
import { loadIo } from "./library.js";
import { Session, tokensAreMade } from "./session.js";
import * as view from "./view.js";

const { $ } = view;
const MOST = 10; // symbols
const BAD_SYMBOLS = `Give up to ${MOST} symbols, separated by commas: each A–Z, 0–9, “.”, “-” and “_”.`;
const NO_LIBRARY = "The browser libraries are missing: run “make assets”, then reload this page.";

const session = new Session();
const graph = new Graph($("dash"));
let connection = null;
let follower = null;
let state = { name: "idle" };

const library = loadIo().catch(() => view.banner("trouble", NO_LIBRARY));

async function signIn() {
  const io = await library;
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
  connection = new Connection(io, "/feed", session, stateChanged);
  const request = (event, payload) => connection.request(event, payload);
  follower = new Follower(session, request, () => graph.draw(follower.series), explain);
  connection.socket.on("ticks", ({ ticks }) => follower.received(ticks));
  connection.socket.on("token_expiring", renew);
  connection.open();
}

function stateChanged(next) {
  state = next;
  view.connection(state);
  if (state.name === "connected") entered();
  else if (state.name !== "draining") follower.lost();
  if (state.name !== "refused" || state.at) return;
  show("");
  view.fieldError("credential", `Refused: ${view.explain(state)}`);
}

function entered() {
  show(session.user);
  if (follower.series.size) follower.resume();
  else watch();
}

function watch() {
  const symbols = [...new Set($("symbols").value.toUpperCase().split(/[\s,]+/).filter(Boolean))];
  const areGood = symbols.length > 0 && symbols.length <= MOST && symbols.every((name) => SYMBOL.test(name));
  view.fieldError("symbols", areGood ? "" : BAD_SYMBOLS);
  if (!areGood) return;
  follower.follow(symbols);
  graph.draw(follower.series);
}

function explain(error) {
  view.banner("trouble", error ? view.explain(error) : "");
}

/** In development a new token; elsewhere the socket ends with its token, and the page says so. */
async function renew() {
  if (!tokensAreMade) return;
  await session.signIn(session.user).catch(() => {});
  connection.request("token_refresh", { token: await session.token() });
}

/** Show the dashboard to `user`, or with "" the sign-in form. */
function show(user) {
  $("sign-in").hidden = Boolean(user);
  $("who").hidden = $("dashboard").hidden = !user;
  $("me").textContent = user;
  if (!user) $("credential").focus();
}

function onSubmit(id, action) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

if (!tokensAreMade) $("credential").type = "password";
onSubmit("sign-in", signIn);
onSubmit("symbols-form", watch);
$("sign-out").addEventListener("click", () => {
  connection.close();
  follower.follow([]);
  show("");
});
$("try-now").addEventListener("click", () => connection.open());
window.addEventListener("online", () => state.at && connection.open());
setInterval(() => state.at && view.countdown(state), 500);
