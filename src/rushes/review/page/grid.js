// The grid: thousands of photographs, of which only the rows in sight have elements.

import { el } from "./elements.js";
import { cullMark, personMarks } from "./marks.js";
import { address } from "./pictures.js";
import { describe } from "./words.js";

const GAP = 8;
const HEAD = 22;
const FOOT = 28;
const AROUND = 0.6; // of the window, above and below, that is made ready

export class Grid {
  constructor(state, deeds) {
    Object.assign(this, { state, deeds });
    this.cells = new Map();
    this.size = 210;
    this.inner = el("div", { class: "sheet" });
    this.root = el("div", { class: "grid", role: "listbox", tabindex: "0", "aria-label": "Photographs",
      "aria-multiselectable": "true" }, this.inner);
    this.root.addEventListener("scroll", () => this.fill(), { passive: true });
    this.root.addEventListener("click", (event) => this.#click(event));
    this.root.addEventListener("dblclick", () => this.deeds.open());
    new ResizeObserver(() => this.root.isConnected && this.layout()).observe(this.root);
  }

  // Count columns and rows again; what stood at the top (or the focus, where it is in sight) stays where it is.
  layout() {
    const width = this.root.clientWidth - 2 * GAP;
    if (width <= 0) return;
    const anchor = this.columns ? this.#anchor() : null;
    this.columns = Math.max(2, Math.floor((width + GAP) / (this.size + GAP)));
    this.wide = Math.floor((width - GAP * (this.columns - 1)) / this.columns);
    this.high = Math.round(this.wide * 0.8) + HEAD + FOOT + GAP;
    this.rows = Math.ceil(this.state.list.length / this.columns);
    this.inner.style.height = `${this.rows * this.high + GAP}px`;
    this.inner.style.setProperty("--wide", `${this.wide}px`);
    this.inner.style.setProperty("--still", `${Math.round(this.wide * 0.8)}px`);
    this.#drop(new Set());
    if (anchor) this.root.scrollTop = Math.floor(anchor.place / this.columns) * this.high - anchor.top;
    this.fill();
  }

  resize(factor) {
    const narrow = this.root.clientWidth < 600;
    this.size = Math.min(narrow ? 360 : 480, Math.max(narrow ? 84 : 110, Math.round(this.size * factor)));
    this.layout();
  }

  #anchor() {
    const first = Math.floor(this.root.scrollTop / this.high);
    const row = Math.floor(this.state.place / this.columns);
    const seen = row * this.high >= this.root.scrollTop && (row + 1) * this.high <= this.root.scrollTop + this.root.clientHeight;
    const kept = seen ? row : first;
    return { place: seen ? this.state.place : first * this.columns, top: kept * this.high - this.root.scrollTop };
  }

  // Give the rows in sight their cells, and take the others'.
  fill() {
    const { list, place } = this.state;
    const { scrollTop: top, clientHeight: height } = this.root;
    if (!this.columns) return;
    const first = Math.max(0, Math.floor((top - height * AROUND) / this.high)) * this.columns;
    const last = Math.min(list.length, Math.ceil((top + height * (1 + AROUND)) / this.high) * this.columns);
    const wanted = new Map();
    for (let at = first; at < last; at += 1) wanted.set(list[at].id, at);
    if (list[place]) wanted.set(list[place].id, place);
    this.#drop(wanted);
    for (const [id, at] of wanted) if (!this.cells.has(id)) this.#make(list[at], at);
    this.mark();
  }

  #drop(wanted) {
    for (const [id, cell] of this.cells) {
      if (wanted.has(id)) continue;
      cell.remove();
      this.cells.delete(id);
    }
  }

  #make(item, at) {
    const { list } = this.state;
    const cell = el("div", { class: "cell", role: "option", id: `cell-${at}`, "aria-posinset": at + 1,
      "aria-setsize": list.length });
    cell.dataset.id = item.id;
    const column = at % this.columns;
    cell.style.transform = `translate(${GAP + column * (this.wide + GAP)}px, ${GAP + Math.floor(at / this.columns) * this.high}px)`;
    const still = el("img", { alt: "", decoding: "async", draggable: "false", src: address(item.id, "thumb") });
    still.addEventListener("error", () => cell.classList.add("broken"));
    const index = item.series?.index;
    const same = (other) => index !== undefined && other?.series?.index === index;
    if (index !== undefined) {
      cell.classList.add("in-series");
      if (!same(list[at - 1])) cell.classList.add("first");
      if (!same(list[at + 1])) cell.classList.add("last");
    }
    cell.append(el("div", { class: "head" }, ...head(item, !same(list[at - 1]) || column === 0)),
      el("div", { class: "still" }, still, el("span", { class: "none" }, "cannot be shown")), el("div", { class: "foot" }));
    this.cells.set(item.id, cell);
    this.update(item.id);
    this.inner.append(cell);
  }

  update(id) {
    const cell = this.cells.get(id);
    const item = this.state.byId.get(id);
    if (!cell) return;
    cell.classList.toggle("rejected", item.decision === "reject");
    cell.classList.toggle("picked", item.decision === "pick");
    cell.setAttribute("aria-label", describe(item));
    cell.lastChild.replaceChildren(el("span", { class: "person" }, ...personMarks(item)), cullMark(item) ?? "");
  }

  // Show which one has the focus and which are selected.
  mark() {
    const focused = this.state.focused?.id;
    for (const [id, cell] of this.cells) {
      cell.classList.toggle("focused", id === focused);
      cell.classList.toggle("selected", this.state.selected.has(id));
      cell.setAttribute("aria-selected", this.state.selected.has(id) || id === focused);
    }
    const cell = this.cells.get(focused);
    if (cell) this.root.setAttribute("aria-activedescendant", cell.id);
    else this.root.removeAttribute("aria-activedescendant");
  }

  // Bring the focus into sight with as little scrolling as possible.
  reveal() {
    if (!this.columns) return;
    const top = Math.floor(this.state.place / this.columns) * this.high;
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop) this.root.scrollTop = top;
    else if (top + this.high + GAP > scrollTop + clientHeight) this.root.scrollTop = top + this.high + GAP - clientHeight;
    this.fill();
  }

  // Whether one sees what a key would decide on.
  get inSight() {
    if (!this.columns) return true;
    const middle = (Math.floor(this.state.place / this.columns) + 0.5) * this.high - this.root.scrollTop;
    return middle > 0 && middle < this.root.clientHeight;
  }

  get page() {
    return this.columns * Math.max(1, Math.floor(this.root.clientHeight / this.high));
  }

  shown() {
    const id = this.state.focused?.id;
    const still = this.cells.get(id)?.querySelector("img");
    return still?.complete && still.naturalWidth ? id : null;
  }

  #click(event) {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    this.deeds.choose(this.state.places.get(cell.dataset.id), { add: event.ctrlKey || event.metaKey, through: event.shiftKey });
  }
}

function head(item, named) {
  if (!item.series) return [el("span", { class: "name" }, item.name)];
  const { kind, rank, size } = item.series;
  return [
    el("span", { class: "name" }, named ? `${kind} of ${size}` : ""),
    rank === 1 ? el("b", { class: "best" }, "best") : rank ? el("span", { class: "rank" }, `${rank}`) : "",
  ];
}
