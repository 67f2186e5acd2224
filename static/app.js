/* The script of every page: theme, menu, charts from json_script. Pages work without it. The upload page has upload.js beside it. */
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const each = (scope, selector, action) => {
    if (scope.matches && scope.matches(selector)) action(scope);
    scope.querySelectorAll(selector).forEach(action);
  };

  /* ---- Charts: a figure is plain JSON; "var(--c-kept)" in it is a design token, "var(--c-kept)/0.4" a faded one ---- */
  function faded(hex, alpha) {
    if (!alpha) return hex;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${red},${green},${blue},${alpha})`;
  }
  function withTokens(value, style) {
    if (typeof value === "string") {
      return value.replace(/var\((--[\w-]+)\)(?:\/([\d.]+))?/g, (_, name, alpha) => faded(style.getPropertyValue(name).trim(), alpha));
    }
    if (Array.isArray(value)) return value.map((item) => withTokens(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTokens(item, style)]));
    }
    return value;
  }
  function merge(base, extra) {
    const out = { ...base };
    for (const [key, value] of Object.entries(extra || {})) {
      const both = value && out[key] && typeof value === "object" && typeof out[key] === "object" && !Array.isArray(value);
      out[key] = both ? merge(out[key], value) : value;
    }
    return out;
  }
  const axis = { gridcolor: "var(--c-grid)", zerolinecolor: "var(--line-strong)", linecolor: "var(--line-strong)", automargin: true, fixedrange: true };
  const house = {
    template: "none",
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif", size: 12.5, color: "var(--ink)" },
    margin: { l: 8, r: 8, t: 8, b: 8 },
    legend: { orientation: "h", y: -0.18, x: 0, font: { color: "var(--ink-2)" } },
    hoverlabel: { bgcolor: "var(--surface)", bordercolor: "var(--line-strong)", font: { color: "var(--ink)" } },
    dragmode: false,
  };
  function draw(element) {
    const source = document.getElementById(element.dataset.figure);
    if (!source || !window.Plotly) return;
    const figure = JSON.parse(source.textContent);
    const style = getComputedStyle(root);
    const narrow = element.clientWidth < 520;
    let layout = merge(house, figure.layout);
    for (const key of Object.keys(layout)) if (/^[xy]axis\d*$/.test(key)) layout[key] = merge(axis, layout[key]);
    if (narrow) layout = merge(layout, figure.narrow);
    element.dataset.narrow = narrow;
    // showSendToCloud is on by default in plotly.js 4: its button would send the figure to a public server.
    const config = { displayModeBar: false, showSendToCloud: false, showEditInChartStudio: false, displaylogo: false, responsive: true, scrollZoom: false };
    window.Plotly.react(element, withTokens((narrow && figure.narrow_data) || figure.data, style), withTokens(layout, style), config);
  }
  const drawAll = (scope) => each(scope, "[data-figure]", draw);
  let resizing;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => each(document.body, "[data-figure]", (element) => {
      if (String(element.clientWidth < 520) !== element.dataset.narrow) draw(element);
    }), 150);
  });
  const darkMachine = window.matchMedia("(prefers-color-scheme: dark)");
  darkMachine.addEventListener("change", () => { labelTheme(); drawAll(document.body); });

  /* ---- Theme: a cookie the server reads, so that no page flashes; without script the form posts ---- */
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : darkMachine.matches;
  }
  function labelTheme() {
    each(document, "[data-theme-form]", (form) => {
      form.querySelector("[data-theme-label]").textContent = (isDark() ? "Light" : "Dark") + " colors";
      form.querySelector("button").value = isDark() ? "light" : "dark";
    });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-theme-form]")) {
      event.preventDefault();
      root.dataset.theme = isDark() ? "light" : "dark";
      document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
      labelTheme();
      drawAll(document.body);
    }
  });

  /* ---- Menu on narrow screens ---- */
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".menu-button");
    if (!button) return;
    const open = document.getElementById(button.getAttribute("aria-controls")).toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
  });

  /* ---- Tables whose numbers are links: one stop of the Tab key each, arrow keys inside. Without script every number is a stop. ---- */
  const origins = (table) => [...table.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.querySelector("a.origin")));
  const rove = (scope) => each(scope, "table", (table) => {
    origins(table).flat().filter(Boolean).forEach((link, number) => { link.tabIndex = number ? -1 : 0; });
  });
  const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest("a.origin");
    const step = STEPS[event.key];
    if (!link || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    const table = link.closest("table");
    const grid = origins(table);
    let row = grid.findIndex((cells) => cells.includes(link));
    let column = grid[row].indexOf(link);
    let next = null;
    do {
      row += step[0];
      column += step[1];
      if (!grid[row] || column < 0 || column >= grid[row].length) break;
      next = grid[row][column];
    } while (!next);
    event.preventDefault();
    if (!next) return;
    table.querySelectorAll("a.origin[tabindex='0']").forEach((one) => { one.tabIndex = -1; });
    next.tabIndex = 0;
    next.focus();
  });

  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });

  /* ---- Fragments ---- */
  // A filter chosen before the scripts were here, or put back by the browser on a reload, is asked for now.
  const rendered = (control) => (control.options ? ([...control.options].find((option) => option.defaultSelected) || control.options[0] || {}).value : control.defaultValue);
  document.addEventListener("DOMContentLoaded", () => each(document, "form[hx-push-url]", (form) => {
    if ([...form.elements].some((control) => control.name && control.value !== rendered(control))) form.dispatchEvent(new Event("change"));
  }));
  document.addEventListener("htmx:load", (event) => { drawAll(event.detail.elt); rove(event.detail.elt); });
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.detail.elt.matches && event.detail.elt.matches("[data-figure]") && window.Plotly) window.Plotly.purge(event.detail.elt);
  });
  // A poll that meets a signed-out session gets the sign-in page: show it whole instead of inside a fragment.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const landed = event.detail.xhr.responseURL;
    if (landed && new URL(landed).pathname === root.dataset.signIn) { event.detail.shouldSwap = false; location.reload(); }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const place = document.getElementById("fragment-problem");
    if (place) {
      place.hidden = false;
      place.textContent = `The server could not answer that (${event.detail.xhr.status}). What you see is the last good answer.`;
    }
  });

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((item) => { item.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((item) => { item.open = false; }));

  labelTheme();
  rove(document.body);
  drawAll(document.body);
  const plotly = document.querySelector("script[data-plotly]");
  if (plotly && !window.Plotly) plotly.addEventListener("load", () => drawAll(document.body));
})();
