// Draws the page's plots from the JSON beside each, and looks up a trace's detail while one zooms.
// A trace comes as the least and greatest power of equal stretches; a drawing has two points for
// each column of the plot, so it takes the same time whatever the trace's length.
(function () {
  "use strict";

  const LIGHT = { ink: "#1b2430", soft: "#5a6675", line: "#dde2e8", accent: "#0b62a8",
    other: "#c46210", band: "rgba(11,98,168,0.10)", bad: "rgba(196,98,16,0.18)" };
  const DARK = { ink: "#e6ebf1", soft: "#9ba8b7", line: "#2e3946", accent: "#6cb6f2",
    other: "#f0a35e", band: "rgba(108,182,242,0.15)", bad: "rgba(240,163,94,0.22)" };
  const PAPER_WIDTH = 660;   // CSS pixels between the margins of a printed page
  const PAPER_HEIGHT = 256;  // as the style sheet has it
  const BESIDE = 0.5;        // drawn on both sides of what is seen, so that panning shows a line
  const COLUMN_PIXELS = 1.5;
  const LEAST_SPAN = 4;      // samples: one cannot zoom in further

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const root = document.documentElement;
  const traces = new Map();
  let onPaper = false;

  function colours() { return dark.matches && !onPaper ? DARK : LIGHT; }

  function axis(title, more) {
    const c = colours();
    return Object.assign({ title: { text: title, font: { size: 12 }, standoff: 8 }, gridcolor: c.line,
      zerolinecolor: c.line, linecolor: c.line, tickfont: { size: 11 } }, more);
  }

  function layout(x, y, more) {
    const c = colours();
    return Object.assign({ xaxis: x, yaxis: y, margin: { l: 58, r: 14, t: 22, b: 42 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", color: c.soft },
      showlegend: false }, more);
  }

  const CONFIG = { displaylogo: false, displayModeBar: false, responsive: true, showTips: false,
    doubleClick: "reset", scrollZoom: false };

  // ---- energy traces ------------------------------------------------------------------------

  function floats(text) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    const view = new DataView(bytes.buffer);
    const values = new Float32Array(bytes.length / 4);
    for (let i = 0; i < values.length; i += 1) values[i] = view.getFloat32(4 * i, true);
    return values;
  }

  // The line between two moments in about `columns` columns: {x, y, shape, per, low, high}, where
  // `per` is how many samples a column stands for and low and high are of what is seen.
  function line(trace, fromS, toS, columns) {
    const perS = trace.per_bucket / trace.rate_hz;
    const total = trace.least.length;
    const margin = BESIDE * (toS - fromS);
    const first = Math.min(Math.max(Math.floor((fromS - margin) / perS), 0), total - 1);
    const last = Math.min(Math.max(Math.ceil((toS + margin) / perS), first + 1), total);
    const step = Math.max(1, Math.floor((last - first) / (columns * (1 + 2 * BESIDE))));
    const greatest = trace.greatest || trace.least;
    const x = [], y = [];
    let low = Infinity, high = -Infinity;
    const single = step === 1 && trace.greatest === null;
    for (let at = first; at < last; at += step) {
      const end = Math.min(at + step, last);
      let least = Infinity, most = -Infinity;
      for (let i = at; i < end; i += 1) {
        if (trace.least[i] < least) least = trace.least[i];
        if (greatest[i] > most) most = greatest[i];
      }
      const time = at * perS;
      if (single) {
        x.push(time); y.push(least);
      } else {
        const middle = Math.min((at + end) / 2 * perS, trace.samples / trace.rate_hz);
        x.push(middle, middle); y.push(least, most);
      }
      if (end * perS >= fromS && time <= toS) {
        if (least < low) low = least;
        if (most > high) high = most;
      }
    }
    if (single) { x.push(last * perS); y.push(y[y.length - 1]); }
    return { x: x, y: y, shape: single ? "hv" : "linear", per: step * trace.per_bucket,
      low: low, high: high };
  }

  function reach(drawn, whole) {
    let low = Number.isFinite(drawn.low) ? drawn.low : 0;
    let high = Number.isFinite(drawn.high) ? drawn.high : 1;
    if (whole) { low = Math.min(low, 0); high = Math.max(high, 0); }
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    return [whole && low === 0 ? 0 : low - room, high + room];
  }

  function marks(trace) {
    const c = colours();
    const shapes = trace.windows.map(function (w) {
      return { type: "rect", xref: "x", yref: "paper", x0: w.start_s, x1: w.end_s, y0: 0, y1: 1,
        layer: "below", line: { width: 0 }, fillcolor: w.valid ? c.band : c.bad };
    });
    for (const at of trace.events_s) {
      shapes.push({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1,
        layer: "below", line: { width: 1, dash: "dot", color: c.soft } });
    }
    for (const at of trace.lost_s) {
      shapes.push({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1,
        line: { width: 2, color: c.other } });
    }
    const notes = trace.windows.map(function (w) {
      return { xref: "x", yref: "paper", x: (w.start_s + w.end_s) / 2, y: 1, yanchor: "bottom",
        showarrow: false, text: (w.valid ? "" : "✕ ") + String(w.number),
        font: { size: 12, color: c.ink } };
    });
    return { shapes: shapes, annotations: notes };
  }

  function columns(element) { return Math.max(200, Math.round(element.clientWidth / COLUMN_PIXELS)); }

  function drawTrace(element, data) {
    const trace = Object.assign({}, data, { least: floats(data.least),
      greatest: data.greatest === null ? null : floats(data.greatest) });
    trace.end_s = trace.samples / trace.rate_hz;
    const drawn = line(trace, 0, trace.end_s, columns(element));
    const c = colours();
    const picture = layout(
      axis("Time (s)", { range: [0, trace.end_s] }),
      axis("Power (mW)", { range: reach(drawn, true), fixedrange: true }),
      Object.assign({ dragmode: coarse ? false : "zoom" }, marks(trace)));
    Plotly.newPlot(element, [{ type: "scatter", mode: "lines", x: drawn.x, y: drawn.y,
      line: { color: c.accent, width: 1.2, shape: drawn.shape },
      hovertemplate: "%{x:.6~f} s: %{y:.5~g} mW<extra></extra>" }], picture, CONFIG);
    traces.set(element, trace);
    tell(element, trace, drawn, 0, trace.end_s, 0);
    element.on("plotly_relayout", function (change) {
      const keys = Object.keys(change);
      if (keys.some(function (key) { return key.indexOf("xaxis") === 0 || key === "autosize"; })) {
        refine(element);
      }
    });
    const tools = element.parentElement.querySelector(".tools");
    if (tools) {
      tools.hidden = false;
      tools.addEventListener("click", function (event) {
        const button = event.target.closest("button");
        if (button) press(element, trace, button);
      });
    }
  }

  // Plotly has changed the range: draws again, in the detail that it allows.
  function refine(element) {
    const whole = element.layout.xaxis.autorange === true;
    const range = whole ? [0, traces.get(element).end_s] : element.layout.xaxis.range.map(Number);
    show(element, Math.min(range[0], range[1]), Math.max(range[0], range[1]));
  }

  // Shows a stretch of the trace: its range and its data in one drawing.
  function show(element, fromS, toS) {
    const began = performance.now();
    const trace = traces.get(element);
    const from = Math.max(fromS, -trace.end_s), to = Math.min(toS, 2 * trace.end_s);
    const drawn = line(trace, from, to, columns(element));
    const limits = { "yaxis.range": reach(drawn, from <= 0 && to >= trace.end_s) };
    const range = element.layout.xaxis.range;
    if (element.layout.xaxis.autorange === true || range[0] !== from || range[1] !== to) {
      limits["xaxis.range"] = [from, to];
    }
    Plotly.update(element, { x: [drawn.x], y: [drawn.y], "line.shape": drawn.shape }, limits, [0]);
    tell(element, trace, drawn, from, to, performance.now() - began);
  }

  function tell(element, trace, drawn, from, to, tookMs) {
    element.dataset.samplesPerColumn = String(drawn.per);
    element.dataset.points = String(drawn.x.length);
    element.dataset.seen = from.toFixed(6) + " " + to.toFixed(6);
    element.dataset.tookMs = tookMs.toFixed(1);
    const scale = element.parentElement.querySelector(".scale");
    if (!scale) return;
    const whole = from <= 0 && to >= trace.end_s;
    scale.textContent = (whole ? "" : from.toFixed(3) + " to " + to.toFixed(3) + " s, ")
      + (drawn.per === 1 ? "every sample" : drawn.per + " samples a column");
  }

  function press(element, trace, button) {
    const seen = element.layout.xaxis.range.map(Number);
    const middle = (seen[0] + seen[1]) / 2;
    const least = LEAST_SPAN * trace.per_bucket / trace.rate_hz;
    let half = (seen[1] - seen[0]) / 2, centre = middle;
    const kind = button.dataset.do;
    if (kind === "all") { centre = trace.end_s / 2; half = centre; }
    if (kind === "in") half = Math.max(half / 2.5, least / 2);
    if (kind === "out") half = Math.min(half * 2.5, trace.end_s / 2);
    if (kind === "left") centre -= half;
    if (kind === "right") centre += half;
    if (kind === "window") {
      const chosen = trace.windows.find(function (w) { return String(w.number) === button.dataset.number; });
      if (!chosen) return;
      centre = (chosen.start_s + chosen.end_s) / 2;
      half = Math.max(0.55 * (chosen.end_s - chosen.start_s), least / 2);
    }
    centre = Math.min(Math.max(centre, half), Math.max(trace.end_s - half, half));
    if (kind === "all" || 2 * half >= trace.end_s) { centre = trace.end_s / 2; half = centre; }
    show(element, centre - half, centre + half);
  }

  // ---- curves and histograms ----------------------------------------------------------------

  function drawRoc(element, data) {
    const c = colours();
    const lines = data.lines.map(function (each, index) {
      const told = each.thresholds === null ? "" : "<br>score ≥ %{customdata:.5~g}";
      return { type: "scatter", mode: "lines", name: each.name, x: each.x, y: each.y,
        customdata: each.thresholds,
        line: { color: index ? c.other : c.accent, width: 2.2, dash: index ? "dash" : "solid" },
        hovertemplate: "false positives %{x:.2%}<br>true positives %{y:.2%}" + told + "<extra></extra>" };
    });
    lines.push({ type: "scatter", mode: "lines", x: [0, 1], y: [0, 1], hoverinfo: "skip",
      showlegend: false, line: { color: c.soft, width: 1, dash: "dot" } });
    Plotly.newPlot(element, lines, layout(
      axis("False positive rate", { range: [-0.01, 1.01], fixedrange: true }),
      axis("True positive rate", { range: [-0.01, 1.03], fixedrange: true }),
      { showlegend: true, legend: { x: 0.98, y: 0.04, xanchor: "right", yanchor: "bottom", font: { size: 11 },
        bgcolor: "rgba(0,0,0,0)" }, dragmode: false }), CONFIG);
  }

  function drawHistogram(element, data) {
    const c = colours();
    const middles = data.edges.slice(1).map(function (edge, i) { return (edge + data.edges[i]) / 2; });
    const widths = data.edges.slice(1).map(function (edge, i) { return edge - data.edges[i]; });
    Plotly.newPlot(element, data.bars.map(function (bar, index) {
      return { type: "bar", name: bar.name, x: middles, y: bar.counts, width: widths, opacity: 0.72,
        marker: { color: index ? c.other : c.accent, pattern: { shape: index ? "/" : "" } },
        hovertemplate: "score %{x:.4~g}: %{y} files<extra></extra>" };
    }), layout(axis("Score (mean error of the file's windows)", { fixedrange: true }),
      axis("Files", { fixedrange: true, rangemode: "tozero" }),
      { barmode: "overlay", dragmode: false, showlegend: true,
        legend: { x: 0.98, y: 0.98, xanchor: "right", font: { size: 11 }, bgcolor: "rgba(0,0,0,0)" } }), CONFIG);
  }

  // ---- all of them --------------------------------------------------------------------------

  const DRAW = { trace: drawTrace, roc: drawRoc, histogram: drawHistogram };
  const waiting = Array.from(document.querySelectorAll(".plot"));

  function drawOne(element) {
    const source = document.getElementById(element.id + "-data");
    DRAW[element.dataset.kind](element, JSON.parse(source.textContent));
    element.dataset.drawn = "yes";
  }

  // One after the other, so that the page can be read and scrolled meanwhile.
  function drawNext() {
    const element = waiting.shift();
    if (!element) { root.dataset.plots = "drawn"; return; }
    drawOne(element);
    window.setTimeout(drawNext, 0);
  }

  function recolour(width) {
    const c = colours();
    document.querySelectorAll(".plot[data-drawn]").forEach(function (element) {
      const changes = { "font.color": c.soft };
      for (const name of ["xaxis", "yaxis"]) {
        for (const key of ["gridcolor", "zerolinecolor", "linecolor"]) changes[name + "." + key] = c.line;
      }
      const trace = traces.get(element);
      if (trace) Object.assign(changes, marks(trace));
      if (width) { changes.width = width; changes.height = PAPER_HEIGHT; changes.autosize = false; }
      else { changes.width = null; changes.height = null; changes.autosize = true; }
      const bars = element.dataset.kind === "histogram";
      const main = element.data.map(function (each, i) {
        if (each.hoverinfo === "skip") return c.soft;
        return i ? c.other : c.accent;
      });
      Plotly.update(element, bars ? { "marker.color": main } : { "line.color": main }, changes);
    });
  }

  dark.addEventListener("change", function () { recolour(0); });
  window.addEventListener("beforeprint", function () {
    while (waiting.length) drawOne(waiting.shift());
    onPaper = true;
    document.querySelectorAll("details").forEach(function (each) {
      each.dataset.was = each.open ? "open" : "";
      each.open = true;
    });
    recolour(PAPER_WIDTH);
  });
  window.addEventListener("afterprint", function () {
    onPaper = false;
    document.querySelectorAll("details").forEach(function (each) { each.open = each.dataset.was === "open"; });
    recolour(0);
  });
  drawNext();
})();
