/** Follows symbols: what was before comes from the history, what happens from the feed.
 *
 * What was missed while the connection was lost is fetched from the history, too. That is read once
 * more a little later, because ticks reach it after they reach the feed; and then now and again,
 * because for a client that reads slowly the feed leaves all but the newest out.
 */

import { address } from "./address.js";
import { KEPT, Series, microseconds } from "./series.js";

export const SYMBOL = /^[A-Z0-9][A-Z0-9._-]{0,15}$/;

const PAGE = 200; // ticks
const PAGES = KEPT / PAGE;
const PATIENCE = 8_000; // ms
const SETTLED = 2; // seconds after which an accepted tick is in the history
const REVIEW = 15; // seconds

export class Follower {
  #session;
  #request;
  #onChange;
  #onTrouble;
  #series = new Map(); // symbol → Series
  #visit = 0;
  #timer = null;

  /**
   * `request(event, payload)` resolves to an acknowledgement. `onChange()` follows every change,
   * `onTrouble(error)` every attempt to catch up: `{code, message, retry_after?}`, or null.
   */
  constructor(session, request, onChange, onTrouble) {
    this.#session = session;
    this.#request = request;
    this.#onChange = onChange;
    this.#onTrouble = onTrouble;
  }

  /** Symbol → its ticks. */
  get series() {
    return this.#series;
  }

  /** Follow these symbols and no others. */
  follow(symbols) {
    const gone = [...this.#series.keys()].filter((symbol) => !symbols.includes(symbol));
    if (gone.length) this.#request("unsubscribe", { symbols: gone });
    this.#series = new Map(symbols.map((symbol) => [symbol, this.#series.get(symbol) ?? new Series()]));
    return this.resume();
  }

  /** Subscribe and catch up: after each connect. */
  async resume() {
    this.lost();
    const visit = this.#visit;
    if (!this.#series.size) return;
    const answer = await this.#request("subscribe", { symbols: [...this.#series.keys()] });
    if (visit !== this.#visit) return;
    if (answer.ok) {
      this.received(answer.snapshot);
      await this.#catchUp(visit, SETTLED);
    } else if (answer.error.code !== "offline") {
      this.#timer = setTimeout(() => this.resume(), 1000 * (answer.error.retry_after ?? REVIEW));
      this.#onTrouble(answer.error);
    }
  }

  /** The connection is gone: fetch nothing until it is back. */
  lost() {
    clearTimeout(this.#timer);
    this.#visit += 1;
  }

  received(ticks) {
    for (const [symbol, those] of Map.groupBy(ticks, (tick) => tick.symbol)) {
      if (this.#series.get(symbol)?.add(those)) this.#onChange();
    }
  }

  async #catchUp(visit, next) {
    const loads = [...this.#series].map(([symbol, series]) => this.#load(symbol, series));
    const trouble = await Promise.all(loads).then(() => null, (error) => error);
    if (visit !== this.#visit) return;
    const seconds = trouble?.retry_after ?? next;
    this.#timer = setTimeout(() => this.#catchUp(visit, REVIEW), seconds * 1000);
    this.#onTrouble(trouble);
  }

  /** Read the history of a symbol back to where nothing is missing; the first time, one page. */
  async #load(symbol, series) {
    const known = series.completeUntil;
    let before = null;
    for (let page = 0; page < PAGES; page += 1) {
      const { ticks, next } = await this.#page(symbol, before);
      if (series.add(ticks)) this.#onChange();
      before = next;
      if (!next || known === -Infinity || microseconds(ticks.at(-1).at) < known) break;
    }
    series.completed();
  }

  async #page(symbol, before) {
    const url = address(`api/v1/symbols/${symbol}/ticks`);
    url.search = new URLSearchParams({ limit: PAGE, ...(before && { before }) });
    const headers = { Authorization: `Bearer ${await this.#session.token()}` };
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE) });
      const answer = await response.json();
      if (response.ok) return answer;
      throw { code: answer.code, message: answer.detail, retry_after: answer.retry_after };
    } catch (error) {
      throw error.code && error.message ? error : { code: "no_answer", message: "the history did not come" };
    }
  }
}
