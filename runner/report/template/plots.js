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
    for (const tick of yAxis.marks || ticks(yAxis.low, yAxis.high, height / 50)) {
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

  // What a drawing shows of a time line: from when to when, and the buttons that change it.
  // draw() draws view.seen; press() does what only this kind of drawing has buttons for.
  function zooming(element, endS, leastS, draw, press) {
    const view = { seen: [0, endS] };
    view.isWhole = function () { return view.seen[0] <= 0 && view.seen[1] >= endS; };
    view.show = function (fromS, toS) {
      const half = Math.min(Math.max(toS - fromS, leastS), endS) / 2;
      const centre = Math.min(Math.max((fromS + toS) / 2, half), endS - half);
      view.seen = [centre - half, centre + half];
      draw(element.clientWidth);
    };
    view.whole = function () { view.show(0, endS); };
    view.say = function (text) {
      element.dataset.seen = view.seen[0].toFixed(6) + " " + view.seen[1].toFixed(6);
      const scale = element.parentElement.querySelector(".scale");
      if (!scale) return;
      scale.textContent = (view.isWhole() ? "" : view.seen[0].toFixed(3) + " to " + view.seen[1].toFixed(3) + " s, ")
        + text;
    };
    const tools = element.parentElement.querySelector(".tools");
    if (tools) {
      tools.hidden = false;
      tools.addEventListener("click", function (event) {
        const button = event.target.closest("button");
        if (!button) return;
        const half = (view.seen[1] - view.seen[0]) / 2, middle = (view.seen[0] + view.seen[1]) / 2;
        const kind = button.dataset.do;
        if (kind === "all") view.whole();
        else if (kind === "in") view.show(middle - half / 2.5, middle + half / 2.5);
        else if (kind === "out") view.show(middle - half * 2.5, middle + half * 2.5);
        else if (kind === "left") view.show(view.seen[0] - half, view.seen[1] - half);
        else if (kind === "right") view.show(view.seen[0] + half, view.seen[1] + half);
        else press(button.dataset);
      });
    }
    element.showBetween = view.show;
    return view;
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
    let drawn = null, picture = null;

    const view = zooming(element, endS, leastS, draw, function (told) {
      const chosen = trace.windows.find(function (each) { return String(each.number) === told.number; });
      if (!chosen) return;
      const room = 0.05 * (chosen.end_s - chosen.start_s);
      view.show(chosen.start_s - room, chosen.end_s + room);
    });

    function draw(width) {
      const began = performance.now();
      const seen = view.seen, whole = view.isWhole();
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
        tookMs: (performance.now() - began).toFixed(1) });
      view.say(drawn.per === 1 ? "every sample" : drawn.per + " samples a column");
      return picture;
    }

    return {
      draw: draw,
      select: function (from, to) { view.show(picture.value(from), picture.value(to)); },
      whole: view.whole,
      tell: function (x) {
        const at = Math.floor((picture.value(x) - drawn.times[0]) / drawn.perS);
        if (!(at >= 0 && at < drawn.times.length)) return null;
        const low = digits(drawn.low[at], 4), high = digits(drawn.high[at], 4);
        return { x: x, text: digits(drawn.times[at], 7) + " s: " + (low === high ? low : low + " to " + high) + " mW" };
      },
    };
  }

  // ---- words of a recording -----------------------------------------------------------------

  const LANES = { words: 2.5, heard: 1.5, false: 0.5 };  // the middle of each
  const LEAST_WORD = 3;      // pixels that a word has at least
  const NEAR = 9;            // pixels within which the pointer means something
  const LEAST_LISTENED_S = 0.5;

  // The recording's words, all that the device detected, and what of it was no word.
  function wordsChart(element, data) {
    const words = data.words.map(function (word, i) {
      const until = word[1] + data.delay_s;
      const inside = data.heard_s.filter(function (at) { return word[0] <= at && at <= until; });
      return { number: i + 1, from: word[0], to: word[1], until: until, found: word[2], heard: inside };
    });
    const taken = new Set(words.flatMap(function (word) { return word.heard; }));
    const faults = words.filter(function (word) { return !word.found; })
      .concat(data.false_s.map(function (at) { return { from: at, until: at }; }));
    faults.sort(function (one, other) { return one.from - other.from; });
    let picture = null;

    const view = zooming(element, data.length_s, LEAST_LISTENED_S, draw, function (told) {
      const middle = (view.seen[0] + view.seen[1]) / 2, whole = view.isWhole();
      const all = told.do === "fault" ? faults : words;
      const centre = function (each) { return (each.from + each.until) / 2; };
      const later = all.filter(function (each) { return whole || centre(each) > middle + 1e-6; });
      const earlier = all.filter(function (each) { return whole || centre(each) < middle - 1e-6; });
      const back = told.do === "word-before";
      const chosen = back ? earlier[earlier.length - 1] || all[all.length - 1] : later[0] || all[0];
      if (chosen) view.show(chosen.from - 1, chosen.until + 1);
    });

    // Texts above the plot, as many as have room; those of the first list before the others.
    function texts(lists) {
      const used = [];
      for (const list of lists) {
        for (const each of list) {
          const half = 4 * each.text.length + 2, x = picture.x(each.at);
          if (x < MARGIN.left || x > picture.right) continue;
          if (used.some(function (other) { return Math.abs(other.x - x) < other.half + half && other.y === each.y; })) continue;
          used.push({ x: x, half: half, y: each.y });
          node(picture.svg, "text", { class: each.name, x: x, y: each.y, "text-anchor": "middle" }, each.text);
        }
      }
    }

    function ticksOf(moments, name) {
      const low = picture.y(LANES.heard - 0.32), high = picture.y(LANES.heard + 0.32);
      const line = moments.map(function (at) { return `M${picture.x(at).toFixed(1)} ${low}V${high}`; }).join("");
      if (line) node(picture.inside, "path", { class: name, d: line });
    }

    function draw(width) {
      picture = frame(element, width, { low: view.seen[0], high: view.seen[1], title: "Time (s)" },
        { low: 0, high: 3, title: "", marks: Object.keys(LANES).map(function (name) {
          return { value: LANES[name], text: name };
        }) });
      const seen = function (from, to) { return to >= view.seen[0] && from <= view.seen[1]; };
      const inView = words.filter(function (word) { return seen(word.from, word.until); });
      const foundFirst = inView.slice().sort(function (one, other) { return other.found - one.found; });
      for (const word of foundFirst) {
        const x = picture.x(word.from), right = picture.x(word.to);
        const wide = Math.max(LEAST_WORD, right - x);
        if (right - x > LEAST_WORD) {
          node(picture.inside, "rect", { class: "band", x: x, y: picture.top,
            width: picture.x(word.until) - x, height: picture.bottom - picture.top });
        }
        node(picture.inside, "rect", { class: word.found ? "word" : "word missed",
          x: (x + right) / 2 - wide / 2, y: picture.y(LANES.words + 0.32), width: wide,
          height: picture.y(LANES.words - 0.32) - picture.y(LANES.words + 0.32) });
      }
      const heard = data.heard_s.filter(function (at) { return seen(at, at); });
      ticksOf(heard.filter(function (at) { return taken.has(at); }), "tick");
      ticksOf(heard.filter(function (at) { return !taken.has(at) && words.length; }), "tick false");
      ticksOf(words.length ? [] : heard, "tick");
      const wrong = data.false_s.filter(function (at) { return seen(at, at); });
      for (const at of wrong) {
        const x = picture.x(at), y = picture.y(LANES.false);
        node(picture.inside, "path", { class: "wrong", d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z` });
      }
      const above = picture.top - 8, below = picture.y(LANES.false) + 22;
      const number = function (word) {
        return { at: (word.from + word.to) / 2, text: (word.found ? "" : "✕") + word.number,
          y: above, name: word.found ? "number" : "number missed" };
      };
      texts([
        inView.filter(function (word) { return !word.found; }).map(number),
        inView.filter(function (word) { return word.found; }).map(number),
        wrong.map(function (at) { return { at: at, text: at.toFixed(1) + " s", y: below, name: "number missed" }; }),
      ]);
      Object.assign(element.dataset, { words: inView.length, heard: heard.length, wrong: wrong.length });
      view.say(inView.length === 1 ? told(inView[0]) : inView.length + " words, " + heard.length + " detections");
      return picture;
    }

    function told(word) {
      const span = "word " + word.number + ", " + word.from.toFixed(3) + " to " + word.to.toFixed(3) + " s: ";
      if (!word.found) return span + "missed";
      const late = word.heard.length ? ", the first " + (word.heard[0] - word.from).toFixed(3) + " s after its begin" : "";
      return span + word.heard.length + (word.heard.length === 1 ? " detection" : " detections") + late;
    }

    return {
      draw: draw,
      select: function (from, to) { view.show(picture.value(from), picture.value(to)); },
      whole: view.whole,
      tell: function (x, y) {
        let best = null, least = NEAR;
        const meant = function (from, to, text, lane) {
          const left = picture.x(from), right = picture.x(to);
          const away = x < left ? left - x : Math.max(0, x - right);
          if (away > least || (best && away === least && Math.abs(y - picture.y(lane)) > Math.abs(y - best.y))) return;
          least = away;
          best = { x: (left + right) / 2, y: picture.y(lane), text: text };
        };
        for (const word of words) meant(word.from, word.to, told(word), LANES.words);
        for (const at of data.false_s) meant(at, at, "no word at " + at.toFixed(3) + " s", LANES.false);
        if (!best) for (const at of data.heard_s) meant(at, at, "detection at " + at.toFixed(3) + " s", LANES.heard);
        return best;
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

  // ---- trends -------------------------------------------------------------------------------

  function trendChart(element, data) {
    const values = data.values, last = values.length - 1;
    const least = Math.min(...values), most = Math.max(...values);
    const room = 0.08 * Math.max(most - least, 0.002 * Math.abs(most)) || 1;
    const spare = Math.max(0, 0.002 * Math.abs(most) - (most - least)) / 2;
    let picture = null;
    return {
      draw: function (width) {
        picture = frame(element, width, { low: -0.5, high: last + 0.5, title: "Session" },
          { low: least - spare - room, high: most + spare + room, title: data.title });
        data.changes.forEach(function (change) {
          const x = picture.x(change.at - 0.5);
          node(picture.inside, "line", { class: change.worse ? "lost" : "event", x1: x, x2: x,
            y1: picture.top, y2: picture.bottom });
          node(picture.svg, "text", { class: "number", x: x, y: picture.top - 8, "text-anchor": "middle" },
            change.mark);
        });
        data.levels.forEach(function (level) {
          path(picture.inside, "line other", [level.from - 0.5, level.to + 0.5].map(picture.x),
            [level.value, level.value].map(picture.y));
        });
        path(picture.inside, "line", values.map(function (_, i) { return picture.x(i); }), values.map(picture.y));
        values.forEach(function (value, i) {
          node(picture.inside, "circle", { class: "bar", cx: picture.x(i), cy: picture.y(value), r: 2.5 });
        });
        return picture;
      },
      tell: function (x) {
        const at = Math.min(Math.max(Math.round(picture.value(x)), 0), last);
        return { x: picture.x(at), text: data.texts[at] };
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

  const CHARTS = { trace: traceChart, words: wordsChart, roc: rocChart, histogram: histogramChart, trend: trendChart };
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
