// Draws the page's plots as SVG, whose colours are the style sheet's. What they show lies beside each
// as a block: gzip in base64, of a head in JSON and, of a trace, 32-bit floats by bytes of one rank.
// A trace comes as the least and greatest power of equal stretches; a drawing has two points for
// each column of the plot, so it takes the same time whatever the trace's length.
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const PAPER_WIDTH = 660;   // CSS pixels between the margins of a printed page
  const PAPER_HEIGHT = 256;  // as the style sheet has it
  const MARGIN = { left: 62, right: 14, top: 24, bottom: 42 };
  const COLUMN_PIXELS = 1.5;
  const LEAST_SPAN = 4;      // stretches: one cannot zoom in further
  const LEAST_DRAG = 5;      // pixels: less is a click

  const root = document.documentElement;
  const charts = new Map();  // of each plot that is drawn: {draw, tell, select, whole}
  let onPaper = false;

  // ---- blocks -------------------------------------------------------------------------------

  async function unpacked(block) {
    const text = atob(block.textContent.trim());
    const bytes = Uint8Array.from(text, function (char) { return char.charCodeAt(0); });
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  // The head, and in `arrays` the floats behind it.
  function read(buffer) {
    const view = new DataView(buffer);
    const length = view.getUint32(0, true);
    const data = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    let at = 4 + length;
    data.arrays = data.counts.map(function (count) {
      const ranks = new Uint8Array(buffer, at, 4 * count);
      const plain = new DataView(new ArrayBuffer(4 * count));
      const floats = new Float32Array(count);
      for (let i = 0; i < count; i += 1) {
        for (let rank = 0; rank < 4; rank += 1) plain.setUint8(4 * i + rank, ranks[rank * count + i]);
        floats[i] = plain.getFloat32(4 * i, true);
      }
      at += 4 * count;
      return floats;
    });
    return data;
  }

  // ---- axes ---------------------------------------------------------------------------------

  function node(parent, name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  function ticks(low, high, most) {
    const rough = (high - low) / most;
    const power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = power * [1, 2, 5, 10].find(function (each) { return each * power >= rough * 0.999; });
    const found = [];
    const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
    for (let i = first; i <= last && found.length < 50; i += 1) found.push(label(i * step, step));
    return found;
  }

  function label(value, step) {
    const size = Math.max(Math.abs(value), step);
    if (size >= 1e6 || step < 1e-6) return { value: value, text: value.toExponential(2) };
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return { value: value, text: value.toFixed(decimals).replace("-", "−") };
  }

  // An empty picture with its axes; x() and y() give the place of a value.
  function frame(element, width, xAxis, yAxis) {
    const height = onPaper ? PAPER_HEIGHT : element.clientHeight;
    const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
    const x = function (value) {
      return MARGIN.left + (value - xAxis.low) / (xAxis.high - xAxis.low) * (right - MARGIN.left);
    };
    const y = function (value) {
      return bottom - (value - yAxis.low) / (yAxis.high - yAxis.low) * (bottom - MARGIN.top);
    };
    element.textContent = "";
    const svg = node(element, "svg", { width: width, height: height, viewBox: `0 0 ${width} ${height}` });
    const clip = node(svg, "clipPath", { id: element.id + "-clip" });
    node(clip, "rect", { x: MARGIN.left, y: MARGIN.top, width: right - MARGIN.left, height: bottom - MARGIN.top });
    for (const tick of ticks(yAxis.low, yAxis.high, height / 50)) {
      node(svg, "line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(tick.value), y2: y(tick.value) });
      node(svg, "text", { x: MARGIN.left - 8, y: y(tick.value) + 4, "text-anchor": "end" }, tick.text);
    }
    for (const tick of ticks(xAxis.low, xAxis.high, Math.max(3, width / 110))) {
      node(svg, "line", { class: "grid", x1: x(tick.value), x2: x(tick.value), y1: MARGIN.top, y2: bottom });
      node(svg, "text", { x: x(tick.value), y: bottom + 16, "text-anchor": "middle" }, tick.text);
    }
    node(svg, "text", { x: (MARGIN.left + right) / 2, y: height - 8, "text-anchor": "middle" }, xAxis.title);
    node(svg, "text", { transform: `translate(13 ${(MARGIN.top + bottom) / 2}) rotate(-90)`,
      "text-anchor": "middle" }, yAxis.title);
    const inside = node(svg, "g", { "clip-path": `url(#${element.id}-clip)` });
    const value = function (pixel) {
      return xAxis.low + (pixel - MARGIN.left) / (right - MARGIN.left) * (xAxis.high - xAxis.low);
    };
    return { svg: svg, inside: inside, x: x, y: y, value: value, top: MARGIN.top, bottom: bottom, right: right };
  }

  function path(parent, name, xs, ys) {
    let line = "", pen = "M";
    for (let i = 0; i < xs.length; i += 1) {
      if (Number.isFinite(ys[i])) {
        line += pen + xs[i].toFixed(1) + " " + ys[i].toFixed(1);
        pen = "L";
      } else pen = "M";
    }
    return node(parent, "path", { class: name, d: line });
  }

  function digits(value, count) {
    return Number.isFinite(value) ? String(Number(value.toPrecision(count))).replace("-", "−") : "–";
  }

  // ---- energy traces ------------------------------------------------------------------------

  // Between two moments, a column each: its time, the least and greatest power.
  function reduced(trace, fromS, toS, columns) {
    const perS = trace.per_bucket / trace.rate_hz;
    const least = trace.arrays[0], greatest = trace.arrays[1] || least;
    const first = Math.min(Math.max(Math.floor(fromS / perS) - 1, 0), least.length - 1);
    const last = Math.min(Math.max(Math.ceil(toS / perS) + 1, first + 1), least.length);
    const step = Math.max(1, Math.floor((last - first) / columns));
    const drawn = { times: [], low: [], high: [], perS: step * perS, per: step * trace.per_bucket,
      single: step === 1 && trace.arrays.length === 1 };
    for (let at = first; at < last; at += step) {
      const end = Math.min(at + step, last);
      let low = Infinity, high = -Infinity;
      for (let i = at; i < end; i += 1) {
        if (least[i] < low) low = least[i];
        if (greatest[i] > high) high = greatest[i];
      }
      drawn.times.push(at * perS); drawn.low.push(low); drawn.high.push(high);
    }
    return drawn;
  }

  function limits(drawn, whole) {
    const low = drawn.low.filter(Number.isFinite), high = drawn.high.filter(Number.isFinite);
    let least = low.length ? Math.min(...low) : 0, most = high.length ? Math.max(...high) : 1;
    if (whole) { least = Math.min(least, 0); most = Math.max(most, 0); }
    const room = (most - least || Math.abs(most) || 1) * 0.06;
    return { low: whole && least === 0 ? 0 : least - room, high: most + room, most: most };
  }

  function traceChart(element, trace) {
    const endS = trace.samples / trace.rate_hz;
    const leastS = LEAST_SPAN * trace.per_bucket / trace.rate_hz;
    let seen = [0, endS], drawn = null, picture = null;

    function draw(width) {
      const began = performance.now();
      const whole = seen[0] <= 0 && seen[1] >= endS;
      drawn = reduced(trace, seen[0], seen[1], Math.max(200, Math.round(width / COLUMN_PIXELS)));
      const range = limits(drawn, whole);
      picture = frame(element, width, { low: seen[0], high: seen[1], title: "Time (s)" },
        { low: range.low, high: range.high, title: "Power (mW)" });
      const height = picture.bottom - picture.top;
      for (const each of trace.windows) {
        const x = picture.x(each.start_s);
        node(picture.inside, "rect", { class: each.valid ? "band" : "band bad", x: x, y: picture.top,
          width: Math.max(0, picture.x(each.end_s) - x), height: height });
        const middle = picture.x((each.start_s + each.end_s) / 2);
        if (middle >= MARGIN.left && middle <= picture.right) {
          node(picture.svg, "text", { class: "number", x: middle, y: picture.top - 8,
            "text-anchor": "middle" }, (each.valid ? "" : "✕ ") + each.number);
        }
      }
      for (const [name, moments] of [["event", trace.events_s], ["lost", trace.lost_s]]) {
        for (const at of moments) {
          node(picture.inside, "line", { class: name, x1: picture.x(at), x2: picture.x(at),
            y1: picture.top, y2: picture.bottom });
        }
      }
      const xs = [], ys = [];
      drawn.times.forEach(function (time, i) {
        if (drawn.single) {  // a sample lasts until the next
          xs.push(picture.x(time), picture.x(time + drawn.perS));
          ys.push(picture.y(drawn.low[i]), picture.y(drawn.low[i]));
        } else {
          const middle = picture.x(Math.min(time + drawn.perS / 2, endS));
          xs.push(middle, middle);
          ys.push(picture.y(drawn.low[i]), picture.y(drawn.high[i]));
        }
      });
      path(picture.inside, "line", xs, ys);
      Object.assign(element.dataset, { samplesPerColumn: drawn.per, points: xs.length, highest: range.most,
        seen: seen[0].toFixed(6) + " " + seen[1].toFixed(6), tookMs: (performance.now() - began).toFixed(1) });
      const scale = element.parentElement.querySelector(".scale");
      if (scale) {
        scale.textContent = (whole ? "" : seen[0].toFixed(3) + " to " + seen[1].toFixed(3) + " s, ")
          + (drawn.per === 1 ? "every sample" : drawn.per + " samples a column");
      }
      return picture;
    }

    function show(fromS, toS) {
      const half = Math.min(Math.max(toS - fromS, leastS), endS) / 2;
      const centre = Math.min(Math.max((fromS + toS) / 2, half), endS - half);
      seen = [centre - half, centre + half];
      draw(element.clientWidth);
    }

    function press(button) {
      const half = (seen[1] - seen[0]) / 2, middle = (seen[0] + seen[1]) / 2;
      const kind = button.dataset.do;
      if (kind === "all") show(0, endS);
      if (kind === "in") show(middle - half / 2.5, middle + half / 2.5);
      if (kind === "out") show(middle - half * 2.5, middle + half * 2.5);
      if (kind === "left") show(seen[0] - half, seen[1] - half);
      if (kind === "right") show(seen[0] + half, seen[1] + half);
      const chosen = trace.windows.find(function (each) { return String(each.number) === button.dataset.number; });
      if (kind === "window" && chosen) {
        const room = 0.05 * (chosen.end_s - chosen.start_s);
        show(chosen.start_s - room, chosen.end_s + room);
      }
    }

    const tools = element.parentElement.querySelector(".tools");
    if (tools) {
      tools.hidden = false;
      tools.addEventListener("click", function (event) {
        const button = event.target.closest("button");
        if (button) press(button);
      });
    }
    element.showBetween = show;
    return {
      draw: draw,
      select: function (from, to) { show(picture.value(from), picture.value(to)); },
      whole: function () { show(0, endS); },
      tell: function (x) {
        const at = Math.floor((picture.value(x) - drawn.times[0]) / drawn.perS);
        if (!(at >= 0 && at < drawn.times.length)) return null;
        const low = digits(drawn.low[at], 4), high = digits(drawn.high[at], 4);
        return { x: x, text: digits(drawn.times[at], 7) + " s: " + (low === high ? low : low + " to " + high) + " mW" };
      },
    };
  }

  // ---- curves and histograms ----------------------------------------------------------------

  function legend(element, names) {
    const list = document.createElement("ul");
    list.className = "legend";
    names.forEach(function (name, index) {
      const entry = document.createElement("li");
      entry.className = index ? "other" : "first";
      entry.textContent = name;
      list.appendChild(entry);
    });
    element.before(list);
  }

  function rocChart(element, data) {
    legend(element, data.lines.map(function (line) { return line.name; }));
    let picture = null;
    return {
      draw: function (width) {
        picture = frame(element, width, { low: -0.01, high: 1.01, title: "False positive rate" },
          { low: -0.01, high: 1.03, title: "True positive rate" });
        path(picture.inside, "event", [0, 1].map(picture.x), [0, 1].map(picture.y));
        data.lines.forEach(function (line, index) {
          path(picture.inside, index ? "line other" : "line", line.x.map(picture.x), line.y.map(picture.y));
        });
        return picture;
      },
      tell: function (x, y) {
        let best = null, least = 900;
        data.lines.forEach(function (line) {
          line.x.forEach(function (value, i) {
            const away = Math.pow(picture.x(value) - x, 2) + Math.pow(picture.y(line.y[i]) - y, 2);
            if (away >= least) return;
            least = away;
            const score = line.thresholds === null || line.thresholds[i] === null ? ""
              : ", score ≥ " + digits(line.thresholds[i], 5);
            best = { x: picture.x(value), text: digits(100 * value, 4) + " % false positives, "
              + digits(100 * line.y[i], 4) + " % true positives" + score };
          });
        });
        return best;
      },
    };
  }

  function histogramChart(element, data) {
    legend(element, data.bars.map(function (bar) { return bar.name; }));
    const edges = data.edges, last = edges.length - 1;
    const most = Math.max(1, ...data.bars.map(function (bar) { return Math.max(...bar.counts); }));
    let picture = null;
    return {
      draw: function (width) {
        picture = frame(element, width,
          { low: edges[0], high: edges[last], title: "Score (mean error of the file's windows)" },
          { low: 0, high: most * 1.06, title: "Files" });
        data.bars.forEach(function (bar, index) {
          bar.counts.forEach(function (count, i) {
            const x = picture.x(edges[i]), y = picture.y(count);
            node(picture.inside, "rect", { class: index ? "bar other" : "bar", x: x, y: y,
              width: Math.max(0, picture.x(edges[i + 1]) - x - 1), height: picture.bottom - y });
          });
        });
        return picture;
      },
      tell: function (x) {
        const score = picture.value(x);
        const at = edges.findIndex(function (edge, i) { return i < last && edge <= score && score < edges[i + 1]; });
        if (at < 0) return null;
        const counts = data.bars.map(function (bar) { return bar.name + " " + bar.counts[at]; });
        return { x: x, text: digits(edges[at], 4) + " to " + digits(edges[at + 1], 4) + ": " + counts.join(", ") };
      },
    };
  }

  // ---- the pointer --------------------------------------------------------------------------

  function follow(element, chart) {
    let from = null, marks = [];
    function clear() {
      marks.forEach(function (mark) { mark.remove(); });
      marks = [];
    }
    function place(event) {
      const box = element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    }
    element.addEventListener("pointerdown", function (event) {
      if (!chart.select || event.pointerType === "touch" || event.button) return;
      from = place(event)[0];
      element.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    element.addEventListener("pointermove", function (event) {
      const svg = element.querySelector("svg");
      const [x, y] = place(event);
      clear();
      if (!svg) return;
      const top = MARGIN.top, height = svg.clientHeight - MARGIN.top - MARGIN.bottom;
      if (from !== null) {
        marks.push(node(svg, "rect", { class: "chosen", x: Math.min(from, x), y: top,
          width: Math.abs(x - from), height: height }));
        return;
      }
      const told = chart.tell(x, y);
      if (!told) return;
      const right = told.x > element.clientWidth / 2;
      marks.push(node(svg, "line", { class: "event", x1: told.x, x2: told.x, y1: top, y2: top + height }));
      marks.push(node(svg, "text", { class: "told", x: told.x + (right ? -6 : 6), y: top + 14,
        "text-anchor": right ? "end" : "start" }, told.text));
    });
    element.addEventListener("pointerup", function (event) {
      if (from === null) return;
      const to = place(event)[0], began = from;
      from = null;
      clear();
      if (Math.abs(to - began) >= LEAST_DRAG) chart.select(Math.min(began, to), Math.max(began, to));
    });
    element.addEventListener("pointercancel", function () { from = null; clear(); });
    element.addEventListener("pointerleave", function () { if (from === null) clear(); });
    if (chart.whole) element.addEventListener("dblclick", chart.whole);
  }

  // ---- all of them --------------------------------------------------------------------------

  const CHARTS = { trace: traceChart, roc: rocChart, histogram: histogramChart };
  const widths = new ResizeObserver(function (entries) {
    for (const entry of entries) {
      const width = entry.target.clientWidth, svg = entry.target.querySelector("svg");
      if (width && svg && svg.clientWidth !== width) charts.get(entry.target).draw(width);
    }
  });

  async function drawOne(element) {
    const data = read(await unpacked(document.getElementById(element.id + "-data")));
    const chart = CHARTS[element.dataset.kind](element, data);
    charts.set(element, chart);
    chart.draw(element.clientWidth);
    follow(element, chart);
    widths.observe(element);
  }

  // One after the other, so that the page can be read and scrolled meanwhile.
  async function drawAll(within, told) {
    for (const element of within.querySelectorAll(".plot")) {
      try {
        await drawOne(element);
      } catch (error) {
        element.textContent = "This browser cannot show the plot: " + error;
        console.error(error);
      }
      await new Promise(function (go) { window.setTimeout(go, 0); });
    }
    told.dataset.plots = "drawn";
  }

  // A page of many sessions holds what is in each as a block, until one opens it.
  async function open(section) {
    const block = section.querySelector("script.packed");
    if (!block) return;
    block.classList.remove("packed");
    const body = document.createElement("div");
    body.innerHTML = new TextDecoder().decode(await unpacked(block));
    section.appendChild(body);
    await drawAll(section, section);
  }

  document.querySelectorAll("details.session").forEach(function (section) {
    section.addEventListener("toggle", function () { if (section.open) open(section); });
  });

  function openNamed() {
    const named = document.getElementById(window.location.hash.slice(1));
    if (named && named.matches("details.session")) {
      named.open = true;
      named.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", openNamed);
  openNamed();

  window.addEventListener("beforeprint", function () {
    onPaper = true;
    document.querySelectorAll(".session details").forEach(function (each) {
      each.dataset.was = each.open ? "open" : "";
      each.open = true;
    });
    charts.forEach(function (chart) { chart.draw(PAPER_WIDTH); });
  });
  window.addEventListener("afterprint", function () {
    onPaper = false;
    document.querySelectorAll("details[data-was]").forEach(function (each) { each.open = each.dataset.was === "open"; });
    charts.forEach(function (chart, element) { chart.draw(element.clientWidth); });
  });
  drawAll(document, root);
})();
