// Several samples at once: compare (two to four, zoomed together) and survey (all of a series or a selection).

import { createRef, html, render } from "../view.js";
import { noteWords, scaleWords } from "./caption.js";
import { columnsFor } from "./geometry.js";
import { Answer, Person, Rank } from "./marks.js";
import { Stage } from "./stage.js";
import { describe } from "./words.js";

export class Many {
  constructor(state, look, deeds, name) {
    Object.assign(this, { state, look, deeds, name });
    this.tiles = new Map();
    this.root = document.createElement("div");
    this.root.className = `many ${name.toLowerCase()}`;
    const [why, board] = [createRef(), createRef()];
    render(html`<p class="why" ref=${why} /><div class="board" role="listbox" tabindex="0" aria-label=${`${name}: samples side by side`} ref=${board} />`, this.root);
    this.why = why.current;
    this.board = board.current;
    this.watch = new ResizeObserver(() => this.root.isConnected && this.layout());
    this.watch.observe(this.board);
  }

  end() {
    this.watch.disconnect();
    for (const tile of this.tiles.values()) tile.stage.end();
  }

  layout() {
    const count = this.state.set.length;
    const { clientWidth: width, clientHeight: height } = this.board;
    if (!count || !width) return;
    this.columns = columnsFor(count, width, height, this.#shape());
    this.board.style.gridTemplateColumns = `repeat(${this.columns}, minmax(0, 1fr))`;
    this.board.style.gridTemplateRows = `repeat(${Math.ceil(count / this.columns)}, minmax(0, 1fr))`;
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
      tile.stage.end();
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
    const root = document.createElement("div");
    Object.assign(root, { className: "tile", id: `tile-${id}` });
    root.setAttribute("role", "option");
    root.dataset.id = id;
    const [canvas, captions, foot] = [createRef(), createRef(), createRef()];
    const focus = () => this.deeds.choose(this.state.places.get(id), {});
    render(html`<div class="stage"><canvas class="picture" aria-hidden="true" ref=${canvas} /><div class="captions" ref=${captions} /></div>
      <div class="foot" ref=${foot} onClick=${focus} />`, root);
    return { root, foot: foot.current, captions: captions.current, stage: new Stage(canvas.current, this.look, { ...this.deeds, focus }) };
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
    const { state } = this;
    const item = state.byId.get(id);
    tile.root.classList.toggle("rejected", state.classes.word(item.decision) === "reject");
    tile.root.setAttribute("aria-label", describe(item, state));
    const look = this.look();
    render(html`<p class="note">${noteWords(item, tile.stage.drawn, look)}</p><span class="scale">${scaleWords(item, tile.stage.drawn, look)}</span>`, tile.captions);
    render(html`<${Person} item=${item} state=${state} /><span class="name">${item.name}</span><${Rank} rank=${item.series?.rank} />
      <${Answer} item=${item} classes=${state.classes} />`, tile.foot);
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
