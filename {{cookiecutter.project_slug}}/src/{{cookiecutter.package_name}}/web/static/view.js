/** Everything that touches the document. What people wrote goes in through textContent only. */

const HUES = 6; // avatar colours in console.css
const SAME_BREATH = 5 * 60_000; // ms within which messages of one person share a heading
const STATES = {
  idle: ["Not connected", ""],
  connecting: ["Connecting…", null], // the banner stays as it is
  connected: ["Connected", ""],
  reconnecting: ["Reconnecting", "The connection is lost. What you send now goes out when it is back."],
  draining: ["Server restarting", "This server is about to stop. The page connects again by itself."],
  refused: ["Refused", ""],
};

export const $ = (id) => document.getElementById(id);

export function explain({ code, message, retry_after: wait }) {
  return `${message} (${code}).${wait ? ` Try again in ${Math.ceil(wait)} s.` : ""}`;
}

/** Have screen readers say an error that is shown elsewhere on the page. */
export function speak(text) {
  setText($("errors"), text);
}

export function fieldError(name, text) {
  setText($(`${name}-error`), text);
  $(name).ariaInvalid = String(Boolean(text));
  speak(text);
}

export function connection(state) {
  const [words, trouble] = STATES[state.name];
  $("state").dataset.state = state.name;
  setText($("state"), words);
  $("try-now").hidden = !state.at;
  countdown(state);
  if (state.code && state.at) banner("trouble", `The service refused the connection: ${explain(state)}`);
  else if (trouble !== null) banner("trouble", trouble);
}

export function countdown({ at }) {
  setText($("next-try"), at ? `Next try in ${secondsTo(at)} s.` : "");
}

/** Show what is wrong across the page ("trouble"), or ask for a new token ("renew"); with "" stop. */
export function banner(id, text) {
  $(id).hidden = !text;
  setText($(`${id}-text`), text);
  speak(text);
}

export function news(text) {
  setText($("news"), text);
}

/** The symbol that somebody wants to see. */
export function symbol() {
  return $("symbol").value.trim().toUpperCase();
}

export function price(name, latest) {
  setText($("prices-title"), name);
  setText($("price"), latest ? latest.price.toLocaleString([], { maximumFractionDigits: 6 }) : "no price yet");
}

export function feed({ name }) {
  $("prices").dataset.state = name;
}

/** Show the room to `user`, or with "" the sign-in form. */
export function signedIn(user) {
  $("sign-in").hidden = Boolean(user);
  $("who").hidden = $("chat").hidden = !user;
  setText($("me"), user);
  if (user) return;
  banner("renew", "");
  $("credential").focus();
}

export function room({ name, members }, user) {
  setText($("title"), name ? `# ${name}` : "No room");
  $("leave").hidden = $("people").hidden = !name;
  $("text").disabled = $("send").disabled = !name;
  $("alone").hidden = members.size !== 1;
  $("second").href = location.href;
  setText($("count"), String(members.size));
  const names = [...members].sort((a, b) => a.localeCompare(b));
  $("members").replaceChildren(...names.map((member) => memberItem(member, member === user)));
}

/** Bring the list up to date, keeping the items that are there: only new ones are read out. */
export function messages({ name, messages: all }, user) {
  const list = $("messages");
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  let previous = null;
  all.forEach((message, index) => {
    const key = `${message.user}/${message.id}`;
    const item = known.get(key) ?? messageItem(key, message, message.user === user);
    known.delete(key);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    updateItem(item, message, previous);
    previous = message;
  });
  known.forEach((item) => item.remove());
  $("empty").hidden = all.length > 0;
  setText($("empty-text"), name ? "Nothing has been said here yet" : "Join a room to see what is said there");
}

function memberItem(name, isMe) {
  const item = element("li", "member");
  item.append(avatar(name), element("span", "name", name), element("span", "you", isMe ? "you" : ""));
  return item;
}

function messageItem(key, { user, id, text, sent_at }, isMine) {
  const item = element("li", isMine ? "message mine" : "message");
  Object.assign(item.dataset, { key, id });
  const sent = new Date(sent_at);
  const time = element("time", "", sent.toLocaleTimeString([], { timeStyle: "short" }));
  time.dateTime = sent_at;
  time.title = sent.toLocaleString();
  const heading = element("p", "heading");
  heading.append(element("span", "name", user), time);
  const retry = element("button", "quiet retry", "Try again");
  retry.type = "button";
  item.append(avatar(user), heading, element("p", "text", text), element("p", "status"), retry);
  return item;
}

function updateItem(item, { user, sent_at, state, error, retryAt }, previous) {
  const follows = previous?.user === user && new Date(sent_at) - new Date(previous.sent_at) < SAME_BREATH;
  item.classList.toggle("follows", follows);
  item.dataset.state = state;
  const wait = secondsTo(retryAt ?? 0);
  const failed = () => `Not sent: ${explain({ ...error, retry_after: wait })}`;
  const words = { sending: () => "Sending…", waiting: () => "Waiting for the connection", failed };
  setText(item.querySelector(".status"), words[state]?.() ?? "");
  item.querySelector(".retry").hidden = state !== "failed" || wait > 0;
}

function avatar(name) {
  const round = element("span", "avatar", [...name][0]?.toUpperCase());
  round.dataset.hue = [...name].reduce((sum, character) => sum + character.codePointAt(0), 0) % HUES;
  round.ariaHidden = "true";
  return round;
}

function element(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** Unchanged text is left alone, so that nothing is read out twice. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whole seconds until the time `at` in ms. */
function secondsTo(at) {
  return Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
