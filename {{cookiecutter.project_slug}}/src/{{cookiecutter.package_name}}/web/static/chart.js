/** A line of prices over time. However often it changes, it is drawn once a frame. */

const AXIS = 64; // px
const DAY = 86_400; // seconds
const font = "12px system-ui, sans-serif";

export class Chart {
  #element;
  #plot;
  #frame = 0;

  constructor(uPlot, element) {
    this.#element = element;
    this.#plot = new uPlot(this.#options(), [[], []], element);
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.#plot.redraw());
  }

  /** What is drawn: `[seconds since 1970…, prices…]`. */
  get data() {
    return this.#plot.data;
  }

  /** Show a {@link Series} as it is when the next frame comes. */
  draw(series) {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#plot.setData([series.times, series.prices]));
  }

  #size() {
    return { width: this.#element.clientWidth, height: this.#element.clientHeight };
  }

  #options() {
    const colour = (name) => () => getComputedStyle(this.#element)[name];
    const axis = { font, stroke: colour("color"), grid: { stroke: colour("borderTopColor"), width: 1 } };
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      series: [{}, { stroke: colour("accentColor"), width: 1.5 }],
      axes: [
        { ...axis, ticks: { show: false }, size: 30, space: 100, values: (_, seconds) => moments(seconds) },
        { ...axis, ticks: { show: false }, size: AXIS },
      ],
      hooks: { draw: [(plot) => (this.#element.dataset.points = plot.data[0].length)] },
    };
  }
}

/** How an axis calls moments: times, or days where it spans more than one. */
function moments(seconds) {
  const isLong = seconds.at(-1) - seconds[0] > DAY;
  const dates = seconds.map((second) => new Date(second * 1000));
  return dates.map((date) => (isLong ? date.toLocaleDateString() : date.toLocaleTimeString()));
}
