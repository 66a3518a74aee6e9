"use strict";
// Drawings of the report. Everything is read from the data block; nothing is fetched.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const FONT = { family: "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif", size: 12, color: "#1a1a1a" };
  const AXIS = { gridcolor: "#e4e4e4", linecolor: "#767676", showline: true, zeroline: false, ticks: "outside", tickcolor: "#767676", automargin: true };
  const CONFIG = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
  const NARROW = window.matchMedia("(max-width: 52rem)").matches;

  // Plotly reads some HTML in texts: what a person named has none.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function number(value) {
    if (value === null) return "–";
    const size = Math.abs(value);
    if (size !== 0 && size < 1e-4) return value.toExponential(3);
    return value.toLocaleString("en", size >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // Logarithmic where positive values span more than a factor of five, as in the files of `qadam-tl plot`.
  function scaled(axis, values) {
    const known = values.filter((value) => value !== null);
    let least = Infinity, most = -Infinity;
    for (const value of known) { least = Math.min(least, value); most = Math.max(most, value); }
    if (!(least > 0 && most > 5 * least)) return { ...axis, tickformat: ",.4~g" };
    // So many ticks that plotly writes 1, 2, 5, or powers of ten alone where there are many.
    const decades = Math.log10(most / least);
    return { ...axis, type: "log", nticks: Math.max(1, Math.floor(decades / 0.4)), tickformat: ",.4~g" };
  }

  // Indices on the Pareto front of two axes, first axis ascending. Equal points are all on it, or none.
  function front(points, x, y) {
    const cost = (axis, i) => data.axes[axis].maximize ? -points.metrics[axis][i] : points.metrics[axis][i];
    const known = points.shown.filter((i) => points.metrics[x][i] !== null && points.metrics[y][i] !== null);
    known.sort((a, b) => cost(x, a) - cost(x, b) || cost(y, a) - cost(y, b));
    const found = [];
    let best = Infinity, at = null;
    for (const i of known) {
      if (cost(y, i) < best) { best = cost(y, i); at = cost(x, i); found.push(i); }
      else if (cost(y, i) === best && cost(x, i) === at) found.push(i);
    }
    return found;
  }

  function archOf(number) {
    const { lines, whole, files } = data.archs;
    const [base, ...changes] = files[number];
    const codes = whole[base].slice();
    for (let i = 0; i < changes.length; i += 2) codes[changes[i]] = changes[i + 1];
    return codes.map((code) => lines[code]).join("\n");
  }

  const axisTitle = (axis) => `${axis.title}<br>(${axis.maximize ? "more" : "less"} is better)`;

  class Explorer {
    constructor(root) {
      this.root = root;
      this.group = data.groups[Number(root.dataset.group)];
      this.plot = root.querySelector(".plot");
      this.x = root.querySelector("select.x");
      this.y = root.querySelector("select.y");
      this.kept = null;
      data.axes.forEach((axis, place) => {
        for (const select of [this.x, this.y]) {
          const option = element("option", axis.title);
          option.value = place;
          select.append(option);
        }
      });
      const place = (name) => data.axes.findIndex((axis) => axis.name === name);
      this.x.value = place("onchip_energy_uj");
      this.y.value = place("perf_per_area");
      this.types = Object.keys(data.looks).filter((name) => this.group.types.includes(name));
      this.addBoxes();
      root.hidden = false;
      for (const select of [this.x, this.y]) select.addEventListener("change", () => this.draw());
      root.querySelector(".copy").addEventListener("click", () => this.copy());
    }

    addBoxes() {
      const marks = document.querySelectorAll(".type");
      this.boxes = this.types.map((name) => {
        const label = element("label"), box = element("input");
        box.type = "checkbox";
        box.checked = true;
        box.value = name;
        box.addEventListener("change", () => this.draw());
        const mark = [...marks].find((item) => item.textContent.trim() === name);
        label.append(box, ...(mark ? [mark.querySelector("svg").cloneNode(true)] : []), name);
        this.root.querySelector(".types").append(label);
        return box;
      });
    }

    draw() {
      const { group } = this;
      const x = Number(this.x.value), y = Number(this.y.value);
      const wanted = new Set(this.boxes.filter((box) => box.checked).map((box) => box.value));
      const shown = group.types.map((_, i) => i).filter((i) => wanted.has(group.types[i]));
      const on = front({ metrics: group.metrics, shown }, x, y);
      const traces = this.types.filter((name) => wanted.has(name)).map((name) => this.trace(name, x, y));
      traces.push({
        type: "scatter", mode: "lines+markers", name: "Pareto front", hoverinfo: "skip",
        x: on.map((i) => group.metrics[x][i]), y: on.map((i) => group.metrics[y][i]),
        line: { color: "#000", width: 1.3, dash: "dash" },
        marker: { symbol: "circle-open", size: 13, color: "#000", line: { width: 1 } },
      });
      if (this.kept !== null) {
        traces.push({
          type: "scatter", mode: "markers", name: "kept", hoverinfo: "skip",
          x: [group.metrics[x][this.kept]], y: [group.metrics[y][this.kept]],
          marker: { symbol: "circle-open", size: 20, color: "#000", line: { width: 2.5 } },
        });
      }
      const values = (axis) => shown.map((i) => group.metrics[axis][i]);
      const layout = {
        font: FONT, showlegend: false, hovermode: "closest", margin: { l: 70, r: 15, t: 15, b: 60 },
        paper_bgcolor: "#fff", plot_bgcolor: "#fff", hoverlabel: { bgcolor: "#fff", bordercolor: "#767676", font: FONT, align: "left" },
        xaxis: scaled({ ...AXIS, title: { text: axisTitle(data.axes[x]), font: { size: 12 } } }, values(x)),
        yaxis: scaled({ ...AXIS, title: { text: axisTitle(data.axes[y]), font: { size: 12 } } }, values(y)),
        uirevision: `${x},${y}`,
      };
      this.root.dataset.front = on.map((i) => group.ids[i]).join(" ");
      this.root.dataset.shown = shown.length;
      Plotly.react(this.plot, traces, layout, { ...CONFIG, displayModeBar: !NARROW, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] });
      if (!this.listening) {
        this.listening = true;
        this.plot.on("plotly_hover", (event) => { if (this.kept === null) this.show(event.points[0].customdata); });
        this.plot.on("plotly_click", (event) => this.keep(event.points[0].customdata));
      }
    }

    trace(name, x, y) {
      const { group } = this, look = data.looks[name];
      const rows = group.types.map((_, i) => i).filter((i) => group.types[i] === name);
      return {
        type: "scatter", mode: "markers", name: plain(name), customdata: rows,
        x: rows.map((i) => group.metrics[x][i]), y: rows.map((i) => group.metrics[y][i]),
        text: rows.map((i) => this.label(i, x, y)), hovertemplate: "%{text}<extra></extra>",
        marker: { symbol: look.symbol + (look.filled ? "" : "-open"), size: 8, color: look.colour, line: { width: 1.2, color: look.colour } },
      };
    }

    parameter(i, name) {
      return this.group.parameters[i][data.parameters.findIndex((item) => item.name === name)];
    }

    label(i, x, y) {
      const { group } = this;
      const of = (name) => number(this.parameter(i, name));
      const axes = [...new Set([x, y])].map((place) => {
        const axis = data.axes[place];
        return `${axis.label}: ${number(group.metrics[place][i])} ${axis.unit}`;
      });
      const family = data.families[group.families[i]];
      const lines = family.hover.map((line) => line.replace(/\{(\w+)\}/g, (_, name) => of(name)));
      lines[0] = [`<b>${plain(group.types[i])}</b>`, family.name, lines[0]].filter((part) => part).join(", ");
      lines[lines.length - 1] += `, ${number(group.clocks[i])} GHz`;
      return [...lines, ...axes, `config ${group.ids[i]}`].join("<br>");
    }

    show(i) {
      const { group, root } = this;
      root.querySelector(".chosen").hidden = false;
      root.querySelector(".card h4").textContent = `${group.types[i]}, config ${group.ids[i]}`;
      const list = root.querySelector("dl");
      list.replaceChildren();
      const add = (name, value) => list.append(element("dt", name), element("dd", value));
      data.axes.forEach((axis, place) => add(axis.label, `${number(group.metrics[place][i])} ${axis.unit}`.trim()));
      add("clock", `${number(group.clocks[i])} GHz`);
      const family = data.families[group.families[i]];
      if (family.name) add("family", family.name);
      data.parameters.forEach((item, place) => {
        const value = group.parameters[i][place];
        if (value !== null) add(item.name, `${number(value)} ${item.unit}`);
      });
      const arch = group.archs[i];
      root.querySelector("textarea").value = arch === null ? "" : archOf(arch);
      root.querySelector(".copy").disabled = arch === null;
      root.querySelector(".said").textContent = arch === null ? "not a config of this version" : "";
    }

    hint(free) {
      this.root.querySelector(".hint").textContent = free
        ? "Point at a design to see its config; click to keep it here."
        : "Kept. Click it again to let go, or another one.";
    }

    keep(i) {
      this.kept = this.kept === i ? null : i;
      this.show(i);
      this.hint(this.kept === null);
      this.draw();
    }

    choose(config) {
      const i = this.group.ids.indexOf(config);
      if (i < 0) return;
      this.kept = null;
      this.keep(i);
      this.root.scrollIntoView({ block: "nearest" });
    }

    async copy() {
      const area = this.root.querySelector("textarea"), said = this.root.querySelector(".said");
      try {
        await navigator.clipboard.writeText(area.value);
        said.textContent = "copied";
      } catch {
        // Pages from a file may not be let near the clipboard: the older way, and else by hand.
        this.root.querySelector(".arch").open = true;
        area.focus();
        area.select();
        said.textContent = document.execCommand("copy") ? "copied" : "press Ctrl+C to copy";
      }
    }
  }

  function drawBars(root) {
    const { bars, parts } = data.groups[Number(root.dataset.group)].bars[Number(root.dataset.bars)];
    const traces = parts.map((part) => ({
      type: "bar", name: plain(part.name), x: bars.map(plain), y: part.values,
      hovertemplate: `%{x}<br>${plain(part.name)}: %{y:,.4~g} µJ<extra></extra>`,
      marker: {
        color: part.colour, line: { color: "#000", width: 0.7 },
        pattern: { shape: part.pattern, bgcolor: part.colour, fgcolor: "#000", size: 6, solidity: 0.25, fillmode: "replace" },
      },
    }));
    const layout = {
      font: FONT, barmode: "stack", bargap: 0.3, margin: { l: 70, r: 15, t: 10, b: 60 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff",
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal", font: { size: NARROW ? 10 : 12 } },
      xaxis: { ...AXIS, type: "category", title: { text: root.dataset.head, font: { size: 12 } }, showgrid: false, tickangle: bars.length > 6 ? -60 : 0 },
      yaxis: { ...AXIS, title: { text: "energy with DRAM (µJ)<br>(less is better)", font: { size: 12 } }, rangemode: "tozero", tickformat: ",.4~g" },
    };
    Plotly.newPlot(root, traces, layout, { ...CONFIG, displayModeBar: false });
  }

  // A drawing is made when it comes near the window, or before the page is printed.
  const pending = new Map();
  const explorers = [...document.querySelectorAll(".explorer")].map((root) => new Explorer(root));
  explorers.forEach((explorer) => pending.set(explorer.plot, () => explorer.draw()));
  document.querySelectorAll(".bars").forEach((root) => { root.hidden = false; pending.set(root, () => drawBars(root)); });
  const make = (root) => {
    const draw = pending.get(root);
    if (!draw) return;
    pending.delete(root);
    watcher.unobserve(root);
    draw();
  };
  const watcher = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => make(entry.target)),
    { rootMargin: "800px" },
  );
  for (const root of pending.keys()) watcher.observe(root);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not(.arch)").forEach((item) => { item.open = true; });
    [...pending.keys()].forEach(make);
  });

  document.querySelectorAll(".pick").forEach((name) => {
    const button = element("button", name.textContent, "pick");
    button.type = "button";
    button.title = "show in the plot";
    button.addEventListener("click", () => explorers[Number(name.dataset.group)].choose(name.dataset.config));
    name.textContent = "";
    name.classList.remove("pick");
    name.append(button);
  });
})();
