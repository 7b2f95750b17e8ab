// The catalog: a search over what catalog-data.js has, the details of an entry, and its lineage as a drawing.
"use strict";
(() => {
  const data = window.siyuCatalog;
  const SHOWN = 200, DEPTH = { up: 3, down: 2 }, MOST_NODES = 60;
  const published = new Set(data.published);
  const KIND = { tables: "table", columns: "column", kpis: "kpi", tags: "tag", segments: "segment" };
  const LABELS = {
    grain: ["one row for each", "每行代表"], materialized: ["kept as", "保存方式"], file: ["file", "文件"], type: ["type", "类型"],
    family: ["family", "类别"], formula: ["formula", "公式"], formula_zh: ["formula (Chinese)", "公式"], unit: ["unit", "单位"],
    direction: ["good direction", "好的方向"], owner: ["owner", "负责人"], dimensions: ["dimensions", "维度"], phase: ["phase", "阶段"],
    window_days: ["window (days)", "窗口（天）"], sources: ["made of", "来源"], is_additive: ["members add up", "成员可相加"],
    is_stock: ["a stock: days do not add up", "存量，按日不可相加"], class: ["class", "分类"], level: ["level", "层级"], kind: ["kind", "种类"],
    mode: ["mode", "方式"], values: ["values", "取值"], decision: ["decision", "用途"], rule: ["rule", "规则"], coverage: ["coverage", "覆盖率"],
    status: ["status", "状态"], missing: ["missing", "缺少"], used_by: ["used by", "使用方"], purpose: ["purpose", "目的"],
    audience: ["audience", "人群"], people: ["people", "人数"],
  };
  const lang = () => document.documentElement.dataset.lang;
  const pick = (en, zh) => lang() === "zh" ? zh : en;
  const byId = (id) => document.getElementById(id);
  const columnsOf = grouped(data.columns, (c) => c.table);
  const checksOf = grouped(data.checks, (c) => c.table);
  const tables = new Map(data.tables.map((t) => [t.name, t]));
  const [sources, readers] = links();
  let kind = "tables", queries;

  function grouped(rows, key) {
    const found = new Map();
    for (const row of rows) (found.get(key(row)) ?? found.set(key(row), []).get(key(row))).push(row);
    return found;
  }

  function links() {
    const up = new Map(), down = new Map(), { names, pairs } = data.lineage;
    for (const [column, source] of pairs) {
      (up.get(names[column]) ?? up.set(names[column], []).get(names[column])).push(names[source]);
      (down.get(names[source]) ?? down.set(names[source], []).get(names[source])).push(names[column]);
    }
    return [up, down];
  }

  // element("a", { href: "#x" }, "text", child)
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
    made.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
    return made;
  }

  const two = (en, zh) => [element("span", { class: "en", lang: "en" }, en), element("span", { class: "zh", lang: "zh-CN" }, zh)];
  const id = (of, row) => of === "columns" ? `column.${row.table}.${row.name}` : `${KIND[of]}.${row.name}`;
  const title = (of, row) => of === "columns" ? `${row.table}.${row.name}` : row.name;
  const isShown = (of, row) => !["tables", "columns"].includes(of) || byId("steps").checked || published.has(of === "tables" ? row.name : row.table);

  // The list -----------------------------------------------------------------------------------------------------------

  function search() {
    const wanted = byId("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const text = (row) => [row.table, row.name, row.en, row.zh, row.description, row.purpose, row.formula, row.rule].filter(Boolean).join(" ").toLowerCase();
    const named = (row) => wanted.length && [row.name, row.en, row.zh].some((name) => (name || "").toLowerCase().includes(wanted[0]));
    const found = data[kind].filter((row) => isShown(kind, row) && wanted.every((word) => text(row).includes(word)));
    if (wanted.length) found.sort((one, other) => named(other) - named(one));
    byId("found").replaceChildren(...two(
      `${found.length} found${found.length > SHOWN ? `, the first ${SHOWN} are shown` : ""}`,
      `共 ${found.length} 条${found.length > SHOWN ? `，显示前 ${SHOWN} 条` : ""}`));
    byId("list").replaceChildren(...found.slice(0, SHOWN).map((row) => element("li", {},
      element("a", { href: `#${id(kind, row)}` }, title(kind, row)),
      element("small", {}, ...(row.en ? two(row.en, row.zh) : [row.description || ""])))));
  }

  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => { choose(button.dataset.kind); search(); });
  }
  function choose(other) {
    kind = other;
    for (const one of document.querySelectorAll("[data-kind]")) one.setAttribute("aria-pressed", String(one.dataset.kind === kind));
  }
  byId("search").addEventListener("input", search);
  byId("steps").addEventListener("change", search);

  // The details --------------------------------------------------------------------------------------------------------

  function facts(row, names) {
    const list = element("dl");
    for (const name of names) {
      const value = row[name];
      if (value === null || value === undefined || value === "") continue;
      const told = typeof value === "boolean" ? pick(value ? "yes" : "no", value ? "是" : "否") : name === "coverage" ? `${(value * 100).toFixed(1)} %` : String(value);
      list.append(element("dt", {}, ...two(...LABELS[name])), element("dd", {}, ...(name === "sources" ? sourceLinks(told) : [told])));
    }
    return list;
  }

  function sourceLinks(text) {
    return text.split(/,\s*/).flatMap((name, place) => [
      place ? ", " : "", tables.has(name) ? element("a", { href: `#table.${name}` }, name) : name]);
  }

  function table(heads, rows) {
    const body = element("tbody");
    body.append(...rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, ...[cell].flat())))));
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": heads.map(([en]) => en).join(", ") },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads.map(([en, zh]) => element("th", { scope: "col" }, ...two(en, zh))))), body));
  }

  function checks(rows) {
    if (!rows.length) return [];
    const state = (row) => element("span", { class: row.success ? "ok" : `failed ${row.severity}` }, ...(row.success ? two("passed", "通过") : two(`failed: ${row.failing ?? "error"}`, `未通过：${row.failing ?? "出错"}`)));
    return [element("h3", {}, ...two(`Expectations (${rows.length})`, `校验（${rows.length}）`)),
      table([["column", "字段"], ["why", "原因"], ["severity", "级别"], ["last night", "最近一次"]],
        rows.map((row) => [row.column || "", [row.why || row.name, row.runbook ? element("small", {}, " ", element("a", { href: row.runbook.replace("on-call.md", "on-call.html") }, pick("runbook", "手册"))) : ""], row.severity, state(row)]))];
  }

  const pages = {
    table(name) {
      const row = tables.get(name);
      const columns = columnsOf.get(name) || [];
      if (!row && !columns.length) return null;
      const readersOf = new Set(columns.flatMap((c) => readers.get(`${name}.${c.name}`) || []).map((r) => r.slice(0, r.lastIndexOf("."))));
      const sourcesOf = new Set(columns.flatMap((c) => sources.get(`${name}.${c.name}`) || []).map((r) => r.slice(0, r.lastIndexOf("."))));
      const near = (names) => !names.size ? two("nothing", "无") : [...names].sort().flatMap((one, place) => [place ? ", " : "", tables.has(one) ? element("a", { href: `#table.${one}` }, one) : one]);
      return [element("h2", {}, name), element("p", {}, row?.description || ""),
        published.has(name) ? null : element("p", { class: "note" }, ...two("A step that releases do not have.", "中间步骤，不在发布中。")),
        facts(row || {}, ["grain", "materialized", "file"]),
        element("dl", {}, element("dt", {}, ...two("reads", "读取")), element("dd", {}, ...near(sourcesOf)), element("dt", {}, ...two("read by", "被读取")), element("dd", {}, ...near(readersOf))),
        element("h3", {}, ...two(`Columns (${columns.length})`, `字段（${columns.length}）`)),
        table([["column", "字段"], ["type", "类型"], ["description", "说明"]], columns.map((c) => [
          [element("a", { href: `#column.${name}.${c.name}`, class: "name" }, c.name), c.pii ? element("small", { class: "pii" }, " ", ...two("personal", "个人信息")) : ""], element("code", {}, c.type), c.description || ""])),
        ...checks(checksOf.get(name) || []), ...query(name)];
    },
    column(name) {
      const place = name.lastIndexOf("."), of = name.slice(0, place);
      const row = (columnsOf.get(of) || []).find((c) => c.name === name.slice(place + 1));
      if (!row) return null;
      const own = (checksOf.get(of) || []).filter((c) => c.column === row.name);
      return [element("h2", {}, element("a", { href: `#table.${of}` }, of), `.${row.name}`), element("p", {}, row.description || ""),
        facts(row, ["type"]), element("h3", {}, ...two("Where it comes from and where it goes", "来源与去向")), ...lineage(name), ...checks(own)];
    },
    kpi: (name) => entry("kpis", name, ["formula", "formula_zh", "unit", "direction", "owner", "dimensions", "family", "phase", "window_days", "is_additive", "is_stock", "sources"]),
    tag: (name) => entry("tags", name, ["decision", "rule", "values", "class", "level", "kind", "mode", "coverage", "status", "missing", "used_by", "sources"]),
    segment: (name) => entry("segments", name, ["purpose", "owner", "audience", "people", "sources"]),
  };

  function entry(part, name, names) {
    const row = data[part].find((one) => one.name === name);
    return row && [element("h2", {}, ...two(row.en, row.zh)), element("p", { class: "note" }, element("code", {}, name)), facts(row, names)];
  }

  function query(name) {
    const box = element("details", { class: "query" }, element("summary", {}, "SQL"));
    box.addEventListener("toggle", async () => {
      if (!box.open || box.children.length > 1) return;
      const text = (await allQueries())[name] || pick("siyu writes this table itself.", "此表由 siyu 写入。");
      box.append(element("pre", { tabindex: "0" }, element("code", {}, text)));
    });
    return [box];
  }

  async function allQueries() {
    queries ??= new Promise((done, failed) => {
      const script = element("script", { src: "catalog-sql.js" });
      script.onerror = failed;
      script.onload = async () => {
        const bytes = Uint8Array.from(atob(window.siyuQueries), (letter) => letter.charCodeAt(0));
        done(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json());
      };
      document.head.append(script);
    });
    return queries;
  }

  // Lineage: columns that it is made of to the left, columns that are made of it to the right --------------------------

  function walk(start, next, depth) {
    const pairs = [], seen = new Set([start]);
    let edge = [start];
    for (let step = 0; step < depth && edge.length && seen.size < MOST_NODES; step++) {
      const further = [];
      for (const one of edge) for (const other of next.get(one) || []) {
        if (seen.size >= MOST_NODES && !seen.has(other)) continue;
        pairs.push([one, other]);
        if (!seen.has(other)) { seen.add(other); further.push(other); }
      }
      edge = further;
    }
    return pairs;
  }

  function lineage(name) {
    const pairs = [...walk(name, sources, DEPTH.up).map(([to, from]) => [from, to]), ...walk(name, readers, DEPTH.down)];
    if (!pairs.length) return [element("p", { class: "none" }, ...two("It is made of no other column, and no other column is made of it.", "不来自其他字段，也没有字段由它产生。"))];
    const names = [...new Set(pairs.flat())];
    const box = element("div", { class: "chart", role: "img", "aria-label": `lineage of ${name}` });
    box.style.height = `${Math.min(900, Math.max(180, 26 * names.length))}px`;
    const height = parseInt(box.style.height, 10);
    const figure = {
      data: [{
        type: "sankey", arrangement: "snap", hoverinfo: "none",
        node: { label: names.map((one) => one), color: names.map((one) => one === name ? "@2" : "@1"), pad: 12, thickness: 10 },
        link: { source: pairs.map(([from]) => names.indexOf(from)), target: pairs.map(([, to]) => names.indexOf(to)), value: pairs.map(() => 1), color: "@band" },
      }], layout: { height },
    };
    box.dataset.names = JSON.stringify(names);
    queueMicrotask(() => window.siyuSite.draw(box, figure).then(() => box.on("plotly_click", (event) => {
      const label = event.points[0]?.label;
      if (label && names.includes(label)) location.hash = `column.${label}`;
    })));
    const listed = (of, en, zh) => of.length ? element("p", {}, element("b", {}, ...two(en, zh)), " ", ...[...of].sort().flatMap((one, place) => [place ? ", " : "", element("a", { href: `#column.${one}` }, one)])) : "";
    return [box, listed(sources.get(name) || [], "Made of:", "直接来源："), listed(readers.get(name) || [], "Used in:", "直接去向：")];
  }

  function show() {
    const [, of, name] = /^#([a-z]+)\.(.+)$/.exec(decodeURIComponent(location.hash)) || [];
    const parts = of && pages[of]?.(name);
    if (!parts) return;
    byId("detail").replaceChildren(...parts.filter(Boolean));
    const part = Object.keys(KIND).find((key) => KIND[key] === of);
    if (part !== kind && part !== "columns") { choose(part); search(); }
    byId("detail").scrollIntoView({ block: "nearest" });
  }

  addEventListener("hashchange", show);
  document.addEventListener("siyu-look", () => { search(); show(); });
  search();
  show();
})();
