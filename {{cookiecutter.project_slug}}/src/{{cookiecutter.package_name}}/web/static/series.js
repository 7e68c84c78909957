/** The ticks of one symbol: in order of time, each once, and the newest of them only.
 *
 * A tick is known by its time and its price, as the service keeps it. Times are whole microseconds
 * since 1970: as numbers they are exact, as `Date`s they would lose their last three digits.
 */

export const KEPT = 2_000; // ticks
const MARGIN = 5_000_000; // µs that a tick may come behind later ones

export class Series {
  /** Before this time nothing is missing; `-Infinity`: nothing has been fetched yet. */
  completeUntil = -Infinity;
  #ticks = [];

  get times() {
    return this.#ticks.map(([time]) => time / 1e6); // seconds
  }

  get prices() {
    return this.#ticks.map(([, price]) => price);
  }

  get latest() {
    const last = this.#ticks.at(-1);
    return last && { time: last[0] / 1e6, price: last[1] };
  }

  /** Take what is new among `ticks`. Returns whether there was anything. */
  add(ticks) {
    const added = ticks.filter(({ at, price }) => this.#insert([microseconds(at), price])).length;
    this.#ticks.splice(0, this.#ticks.length - KEPT);
    return added > 0;
  }

  /** The history has been read as far back as `completeUntil`: it is complete up to the latest. */
  completed() {
    const last = this.#ticks.at(-1);
    if (last) this.completeUntil = last[0] - MARGIN;
  }

  #insert(tick) {
    let place = this.#ticks.length;
    while (place > 0 && order(this.#ticks[place - 1], tick) > 0) place -= 1;
    if (place > 0 && order(this.#ticks[place - 1], tick) === 0) return false;
    this.#ticks.splice(place, 0, tick);
    return true;
  }
}

/** An ISO 8601 time with up to six decimals, in µs since 1970. */
export function microseconds(at) {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? "";
  const seconds = Math.floor(Date.parse(at) / 1000);
  return seconds * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

function order([time, price], [otherTime, otherPrice]) {
  return time - otherTime || price - otherPrice;
}
