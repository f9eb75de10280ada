// Several photographs at once: compare (two to four, zoomed together) and survey (all of a series or a selection).

import { noteWords, scaleWords } from "./caption.js";
import { el } from "./elements.js";
import { columnsFor } from "./geometry.js";
import { cullMark, personMarks } from "./marks.js";
import { Stage } from "./stage.js";
import { describe } from "./words.js";

export class Many {
  constructor(state, look, deeds, name) {
    Object.assign(this, { state, look, deeds, name });
    this.tiles = new Map();
    this.why = el("p", { class: "why" });
    this.board = el("div", { class: "board", role: "listbox", tabindex: "0", "aria-label": `${name}: photographs side by side` });
    this.root = el("div", { class: `many ${name.toLowerCase()}` }, this.why, this.board);
    new ResizeObserver(() => this.root.isConnected && this.layout()).observe(this.board);
  }

  layout() {
    const count = this.state.set.length;
    const { clientWidth: width, clientHeight: height } = this.board;
    if (!count || !width) return;
    const columns = columnsFor(count, width, height, this.#shape());
    this.board.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.board.style.gridTemplateRows = `repeat(${Math.ceil(count / columns)}, minmax(0, 1fr))`;
  }

  #shape() {
    const shapes = this.state.set.map((id) => this.state.byId.get(id)).map((item) => (item.width && item.height ? item.width / item.height : 1.5));
    return shapes.reduce((sum, one) => sum + one, 0) / shapes.length;
  }

  show() {
    const wanted = new Set(this.state.set);
    let changed = false;
    for (const [id, tile] of this.tiles) {
      if (wanted.has(id)) continue;
      tile.root.remove();
      this.tiles.delete(id);
      changed = true;
    }
    for (const id of wanted) {
      changed ||= !this.tiles.has(id);
      if (!this.tiles.has(id)) this.tiles.set(id, this.#make(id));
    }
    if (changed) {
      this.board.replaceChildren(...this.state.set.map((id) => this.tiles.get(id).root));
      this.layout();
    }
    let shown = null;
    for (const [id, tile] of this.tiles) {
      tile.stage.measure();
      const quality = tile.stage.show(this.state.byId.get(id));
      if (id === this.state.focused?.id) shown = quality;
    }
    this.mark();
    return shown;
  }

  #make(id) {
    const canvas = el("canvas", { class: "picture", "aria-hidden": "true" });
    const foot = el("div", { class: "foot" });
    const [note, scale] = [el("p", { class: "note" }), el("span", { class: "scale" })];
    const root = el("div", { class: "tile", role: "option", id: `tile-${id}` },
      el("div", { class: "stage" }, canvas, note, scale), foot);
    root.dataset.id = id;
    const focus = () => this.deeds.choose(this.state.places.get(id), {});
    foot.addEventListener("click", focus);
    return { root, foot, note, scale, stage: new Stage(canvas, this.look, { ...this.deeds, focus }) };
  }

  mark() {
    const focused = this.state.focused?.id;
    for (const [id, tile] of this.tiles) {
      tile.root.classList.toggle("focused", id === focused);
      tile.root.setAttribute("aria-selected", id === focused);
    }
    if (this.tiles.has(focused)) this.board.setAttribute("aria-activedescendant", `tile-${focused}`);
  }

  dress() {
    this.why.textContent = this.deeds.whySet();
    for (const id of this.tiles.keys()) this.update(id);
  }

  update(id) {
    const tile = this.tiles.get(id);
    if (!tile) return;
    const item = this.state.byId.get(id);
    tile.root.classList.toggle("rejected", item.decision === "reject");
    tile.root.setAttribute("aria-label", describe(item));
    const look = this.look();
    tile.scale.textContent = scaleWords(item, tile.stage.drawn, look);
    tile.note.textContent = noteWords(item, tile.stage.drawn, look);
    const rank = item.series?.rank;
    tile.foot.replaceChildren(el("span", { class: "person" }, ...personMarks(item)), el("span", { class: "name" }, item.name),
      rank === 1 ? el("b", { class: "best" }, "best") : rank ? el("span", { class: "rank" }, `${rank}`) : "", cullMark(item) ?? "");
  }

  redraw(id) {
    const quality = this.tiles.get(id)?.stage.draw() ?? null;
    return id === this.state.focused?.id ? quality : null;
  }

  get focusedStage() {
    return this.tiles.get(this.state.focused?.id)?.stage ?? null;
  }

  // The stage under the pointer, as Z zooms there.
  get pointedStage() {
    for (const tile of this.tiles.values()) if (tile.stage.pointer) return tile.stage;
    return this.focusedStage;
  }
}
