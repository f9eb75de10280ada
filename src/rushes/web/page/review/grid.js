// The grid: thousands of samples, of which only the rows in sight have elements.

import { html, render } from "../view.js";
import { Answer, Person, Rank } from "./marks.js";
import { describe } from "./words.js";

const GAP = 8;
const HEAD = 22;
const FOOT = 28;
const AROUND = 0.6; // of the window, above and below, that is made ready
const DRAGGED = 7; // CSS pixels until a press is a drag
const LONG = 450; // ms until a touch is a long one

export class Grid {
  constructor(state, deeds, address) {
    Object.assign(this, { state, deeds, address });
    this.cells = new Map();
    this.size = 210;
    this.inner = made("sheet");
    this.root = made("grid", { role: "listbox", tabindex: "0", "aria-label": "Samples", "aria-multiselectable": "true" });
    this.root.append(this.inner);
    this.root.addEventListener("scroll", () => this.fill(), { passive: true });
    this.root.addEventListener("click", (event) => this.#click(event));
    this.root.addEventListener("dblclick", (event) => { if (event.target.closest(".cell") && !state.selecting) this.deeds.open(); });
    this.#listen();
    this.watch = new ResizeObserver(() => this.root.isConnected && this.layout());
    this.watch.observe(this.root);
  }

  end() {
    clearTimeout(this.held);
    this.watch.disconnect();
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
    const cell = made("cell", { role: "option", id: `cell-${at}`, "aria-posinset": at + 1, "aria-setsize": list.length });
    cell.dataset.id = item.id;
    const column = at % this.columns;
    cell.style.transform = `translate(${GAP + column * (this.wide + GAP)}px, ${GAP + Math.floor(at / this.columns) * this.high}px)`;
    const index = item.series?.index;
    const same = (other) => index !== undefined && other?.series?.index === index;
    if (index !== undefined) {
      cell.classList.add("in-series");
      if (!same(list[at - 1])) cell.classList.add("first");
      if (!same(list[at + 1])) cell.classList.add("last");
    }
    cell.named = !same(list[at - 1]) || column === 0;
    this.cells.set(item.id, cell);
    this.update(item.id);
    this.inner.append(cell);
  }

  update(id) {
    const cell = this.cells.get(id);
    if (!cell) return;
    const { state } = this;
    const item = state.byId.get(id);
    cell.classList.toggle("rejected", state.classes.word(item.decision) === "reject");
    cell.classList.toggle("clashes", state.conflicts.some((one) => one.id === id));
    cell.setAttribute("aria-label", describe(item, state));
    render(html`<${Cell} item=${item} state=${state} named=${cell.named} still=${this.address(id, "thumb")} broken=${() => cell.classList.add("broken")} />`, cell);
  }

  // Show which one has the focus and which are selected.
  mark() {
    const focused = this.state.focused?.id;
    this.root.classList.toggle("picking", this.state.selecting);
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

  // --- pointers

  #click(event) {
    if (this.dragged) {
      this.dragged = false;
      return;
    }
    const cell = event.target.closest(".cell");
    if (!cell) return;
    this.deeds.choose(this.state.places.get(cell.dataset.id), { add: event.ctrlKey || event.metaKey || this.state.selecting, through: event.shiftKey });
  }

  // A drag with the mouse draws a rectangle: what it touches is selected. A long touch selects, and lets taps select.
  #listen() {
    const { root } = this;
    root.addEventListener("contextmenu", (event) => { if (this.touched) event.preventDefault(); });
    root.addEventListener("pointerdown", (event) => {
      this.dragged = false;
      this.touched = event.pointerType === "touch" ? { x: event.clientX, y: event.clientY } : null;
      clearTimeout(this.held);
      const id = event.target.closest(".cell")?.dataset.id;
      if (this.touched && id && !this.state.selecting) this.held = setTimeout(() => this.#holdOn(id), LONG);
      if (event.pointerType !== "mouse" || event.button || event.offsetX > root.clientWidth && event.target === root) return;
      this.drag = { from: this.#point(event), kept: event.ctrlKey || event.metaKey || event.shiftKey ? [...this.state.selected] : [] };
    });
    root.addEventListener("pointermove", (event) => this.#drawn(event));
    const end = () => {
      clearTimeout(this.held);
      this.drag = null;
      this.band?.remove();
      this.band = null;
    };
    root.addEventListener("pointerup", end);
    root.addEventListener("pointercancel", end);
  }

  // The finger that is lifted then is no tap of its own.
  #holdOn(id) {
    this.dragged = true;
    this.deeds.picking(true);
    this.deeds.choose(this.state.places.get(id), { add: true });
  }

  #point(event) {
    const box = this.inner.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #drawn(event) {
    if (this.touched && Math.hypot(event.clientX - this.touched.x, event.clientY - this.touched.y) > DRAGGED) clearTimeout(this.held);
    if (!this.drag) return;
    const to = this.#point(event);
    const { from, kept } = this.drag;
    if (!this.band) {
      if (Math.hypot(to.x - from.x, to.y - from.y) < DRAGGED) return;
      this.root.setPointerCapture(event.pointerId);
      this.band = this.inner.appendChild(made("band"));
      this.dragged = true;
    }
    const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
    const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y, to.y)];
    Object.assign(this.band.style, { transform: `translate(${left}px, ${top}px)`, width: `${right - left}px`, height: `${bottom - top}px` });
    this.deeds.select([...kept, ...this.#within(left, top, right, bottom)]);
  }

  #within(left, top, right, bottom) {
    const found = [];
    const across = this.wide + GAP;
    const [first, last] = [Math.max(0, Math.floor(left / across)), Math.min(this.columns - 1, Math.floor((right - GAP) / across))];
    for (let row = Math.max(0, Math.floor(top / this.high)); row <= Math.min(this.rows - 1, Math.floor((bottom - GAP) / this.high)); row += 1) {
      for (let column = first; column <= last; column += 1) {
        const item = this.state.list[row * this.columns + column];
        if (item) found.push(item.id);
      }
    }
    return found;
  }
}

function Cell({ item, state, named, still, broken }) {
  return html`<div class="head">${item.series ? html`<span class="name">${named ? `${item.series.kind} of ${item.series.size}` : ""}</span><${Rank} rank=${item.series.rank} />`
    : html`<span class="name">${item.name}</span>`}</div>
    <div class="still"><img alt="" decoding="async" draggable=${false} src=${still} onError=${broken} /><span class="none">cannot be shown</span></div>
    <div class="foot"><${Person} item=${item} state=${state} /><${Answer} item=${item} classes=${state.classes} /></div>`;
}

function made(name, attributes = {}) {
  const element = document.createElement("div");
  element.className = name;
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}
