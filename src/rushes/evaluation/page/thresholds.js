(() => {
  "use strict";
  // A slider moves the counts of its class, on test and where it has one on validation, and the dots on its charts.
  const counts = new Set(["tp", "fp", "fn", "tn"]);
  const share = (part, whole) => (whole > 0 ? part / whole : null);
  const shown = (value) => {
    if (value === null) return "undefined";
    if (value >= 0.995 && value < 1) return ">0.99";
    if (value > 0 && value < 0.005) return "<0.01";
    return value.toFixed(2);
  };
  const measured = (part, at) => {
    const tp = part.tp[at], fp = part.fp[at];
    return {
      tp, fp, fn: part.p - tp, tn: part.n - fp,
      recall: share(tp, part.p), precision: share(tp, tp + fp), fpr: share(fp, part.n), f1: share(2 * tp, tp + fp + part.p),
    };
  };
  for (const slide of document.querySelectorAll(".threshold .slide")) {
    const article = slide.closest(".threshold"), input = slide.querySelector("input");
    const output = slide.querySelector("output"), back = slide.querySelector("button");
    const table = JSON.parse(slide.querySelector("script").textContent);
    const cells = [...article.querySelectorAll("td[data-part]")];
    const chosen = input.value, before = cells.map((cell) => cell.innerHTML);
    const move = () => {
      const at = Number(input.value), moved = input.value !== chosen;
      const now = { test: measured(table.test, at) };
      if (table.validation) now.validation = measured(table.validation, at);
      cells.forEach((cell, index) => {
        const value = now[cell.dataset.part][cell.dataset.key];
        if (!moved) cell.innerHTML = before[index];
        else cell.textContent = counts.has(cell.dataset.key) ? value.toLocaleString("en") : shown(value);
      });
      for (const dot of article.querySelectorAll(".pick")) {
        const [across, up] = dot.dataset.axes.split(" ").map((key) => now.test[key]);
        const [left, top, width, height] = dot.dataset.frame.split(" ").map(Number);
        dot.style.display = across === null || up === null ? "none" : "";
        dot.setAttribute("cx", left + (across || 0) * width);
        dot.setAttribute("cy", top + (1 - (up || 0)) * height);
      }
      article.classList.toggle("moved", moved);
      back.hidden = !moved;
      output.value = table.t[at];
      input.setAttribute("aria-valuetext",
        `${table.t[at]}: ${table.validation ? "on test " : ""}recall ${shown(now.test.recall)}, precision ${shown(now.test.precision)}, ${now.test.fp} false alarms`);
    };
    input.addEventListener("input", move);
    back.addEventListener("click", () => { input.value = chosen; move(); input.focus(); });
    addEventListener("beforeprint", () => { if (input.value !== chosen) { input.dataset.kept = input.value; input.value = chosen; move(); } });
    addEventListener("afterprint", () => { if (input.dataset.kept) { input.value = input.dataset.kept; delete input.dataset.kept; move(); } });
    move();
  }
})();
