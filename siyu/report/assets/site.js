// What the pages do: charts and tables. Everything they need lies beside them.
"use strict";

const root = document.documentElement;

// Charts ------------------------------------------------------------------------------------------------------------

let plotly;  // a promise: the script is fetched when the first chart comes into view
const drawn = new Map();  // element -> figure

function fetchPlotly() {
  plotly ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = "plotly.min.js";
    script.onload = () => done(window.Plotly);
    script.onerror = () => failed(new Error("plotly.min.js is missing"));
    document.head.append(script);
  });
  return plotly;
}

function colour(name) {
  const style = getComputedStyle(root);
  const [, own, percent] = /^@([a-z0-9]+)(?:\/(\d+))?$/.exec(name);
  const found = style.getPropertyValue(/^\d$/.test(own) ? `--c${own}` : `--${own}`).trim();
  return percent ? found + Math.round(percent * 2.55).toString(16).padStart(2, "0") : found;
}

// Replace names of colours, and texts in two languages, by those of now.
function dressed(value) {
  if (typeof value === "string") {
    if (value === "@scale") return [[0, colour("@bed")], [1, colour("@heat")]];
    return /^@[a-z0-9]+(\/\d+)?$/.test(value) ? colour(value) : value;
  }
  if (Array.isArray(value)) return value.map(dressed);
  if (value && typeof value === "object") {
    const keys = Object.keys(value);
    if (keys.length === 2 && "en" in value && "zh" in value) return value[root.dataset.lang];
    return Object.fromEntries(keys.map((key) => [key, dressed(value[key])]));
  }
  return value;
}

function layout(own) {
  const ink = colour("@ink"), line = colour("@line"), dim = colour("@dim");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, tickfont: { color: dim }, automargin: true };
  return {
    ...own, xaxis: { ...axis, ...own.xaxis }, yaxis: { ...axis, ...own.yaxis },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 12, t: 12, b: 8, ...own.margin },
    font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: ink },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }, hovermode: own.hovermode || "closest",
    hoverlabel: { bgcolor: colour("@paper"), bordercolor: line, font: { color: ink } },
  };
}

async function draw(element) {
  const figure = drawn.get(element);
  const Plotly = await fetchPlotly();
  await Plotly.react(element, dressed(figure.data), layout(dressed(figure.layout)), { displayModeBar: false, responsive: true });
  element.dataset.drawn = root.dataset.lang;
}

// For scripts of single pages: draw a figure now, and again when the language or the theme changes.
window.siyuSite = { draw(element, figure) { drawn.set(element, figure); return draw(element); } };

function drawAgain() {
  for (const element of drawn.keys()) {
    if (!element.isConnected) drawn.delete(element);
    else if (element.dataset.drawn) draw(element);
  }
}

function findCharts() {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "300px" });
  for (const script of document.querySelectorAll("script.plot")) {
    const element = script.previousElementSibling;
    drawn.set(element, JSON.parse(script.textContent));
    seen.observe(element);
  }
}

document.addEventListener("siyu-look", drawAgain);

// Tables: a click on a heading sorts, and long tables are folded ------------------------------------------------------

function sort(heading) {
  const table = heading.closest("table"), place = heading.cellIndex, body = table.tBodies[0];
  const up = heading.getAttribute("aria-sort") === "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = (row) => row.cells[place].dataset.value;
  const rows = [...body.rows].sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === "" || b === "") return (a === "") - (b === "");  // unknown last
    const order = Number.isFinite(+a) && Number.isFinite(+b) ? a - b : a.localeCompare(b, root.lang);
    return up ? order : -order;
  });
  body.append(...rows);
  fold(table);
}

function fold(table) {
  const limit = table.dataset.open ? Infinity : +table.dataset.rows;
  [...table.tBodies[0].rows].forEach((row, number) => row.classList.toggle("over", number >= limit));
}

function findTables() {
  for (const table of document.querySelectorAll("table[data-rows]")) {
    for (const heading of table.tHead.rows[0].cells) heading.firstElementChild.addEventListener("click", () => sort(heading));
    fold(table);
    const count = table.tBodies[0].rows.length;
    if (count <= +table.dataset.rows) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "more";
    button.innerHTML = `<span class="en">Show all ${count} rows</span><span class="zh">显示全部 ${count} 行</span>`;
    button.addEventListener("click", () => { table.dataset.open = "yes"; fold(table); button.remove(); });
    table.parentElement.after(button);
  }
}

findCharts();
findTables();
