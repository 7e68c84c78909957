/** The prices of one symbol, live. They have a connection of their own, so that no burst delays the chat. */

import { Chart } from "./chart.js";
import { Connection } from "./connection.js";
import { Follower, SYMBOL } from "./follower.js";
import * as view from "./view.js";

const BAD_SYMBOL =
  "A symbol has 1 to 16 characters: A–Z, 0–9, “.”, “-” and “_”, and starts with a letter or digit.";

export class Prices {
  chart;
  connection = null;
  #follower = null;
  #failed = false;

  constructor(uPlot, element) {
    this.chart = new Chart(uPlot, element);
  }

  open(io, session) {
    this.close();
    const connection = new Connection(io, "/feed", session, (state) => this.#stateChanged(state));
    const request = (event, payload) => connection.request(event, payload);
    this.connection = connection;
    this.#follower = new Follower(session, request, () => this.#show(), (error) => this.#explain(error));
    connection.socket.on("ticks", ({ ticks }) => this.#follower.received(ticks));
    connection.open();
    this.watch(view.symbol());
  }

  close() {
    this.connection?.close();
    this.connection = null;
  }

  /** Show another symbol. */
  watch(symbol) {
    const isGood = SYMBOL.test(symbol);
    view.fieldError("symbol", isGood ? "" : BAD_SYMBOL);
    if (!isGood) return;
    this.#follower.follow([symbol]);
    this.#show();
  }

  #stateChanged(state) {
    view.feed(state);
    if (state.name === "connected") this.#follower.resume();
    else if (state.name !== "draining") this.#follower.lost();
    if (state.code) this.#explain(state);
  }

  #show() {
    for (const [symbol, series] of this.#follower.series) {
      view.price(symbol, series.latest);
      this.chart.draw(series);
    }
  }

  /** Say what went wrong, or that it goes well again. */
  #explain(error) {
    if (error || this.#failed) view.fieldError("symbol", error ? view.explain(error) : "");
    this.#failed = Boolean(error);
  }
}
