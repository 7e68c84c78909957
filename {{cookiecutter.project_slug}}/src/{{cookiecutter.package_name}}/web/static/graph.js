/** Dash's graph, drawn by its Plotly: a line for each symbol. However often they change, once a frame. */

export class Graph {
  #element;
  #series = new Map();
  #frame = 0;

  constructor(element) {
    this.#element = element;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(this.#series));
  }

  /** Show these: symbol → {@link Series}, as they are when the next frame comes. */
  draw(series) {
    this.#series = series;
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  async #show() {
    this.#frame = 0;
    // Dash puts the graph there, and Plotly, when they have been loaded.
    const graph = this.#element.querySelector(".js-plotly-plot");
    if (!graph?.layout || !window.Plotly) return this.draw(this.#series);
    await window.Plotly.react(graph, this.#traces(), this.#layout());
    this.#element.dataset.points = graph.data.map(({ x }) => x.length).join();
  }

  #traces() {
    return [...this.#series].map(([name, series]) => ({
      name,
      type: "scatter",
      mode: "lines",
      x: series.times.map((seconds) => seconds * 1000),
      y: series.prices,
    }));
  }

  #layout() {
    const { color, borderTopColor: gridcolor, backgroundColor } = getComputedStyle(this.#element);
    const axis = { gridcolor, zeroline: false };
    return {
      autosize: true,
      uirevision: "kept", // zoom and hidden lines stay
      font: { color },
      paper_bgcolor: backgroundColor,
      plot_bgcolor: backgroundColor,
      margin: { t: 24, r: 24, b: 48, l: 64 },
      showlegend: true,
      legend: { orientation: "h", y: 1.1 },
      hovermode: "x unified",
      xaxis: { ...axis, type: "date", title: { text: "UTC" } },
      yaxis: axis,
    };
  }
}
