// The strip of small pictures below the loupe, with the focus in its middle.

import { el, icon } from "./elements.js";
import { signOf } from "./marks.js";
import { address } from "./pictures.js";

const WIDE = 76;

export class Strip {
  constructor(state, deeds) {
    Object.assign(this, { state, deeds });
    this.tiles = new Map();
    this.root = el("div", { class: "strip", "aria-hidden": "true" });
    this.root.addEventListener("click", (event) => {
      const tile = event.target.closest("[data-id]");
      if (tile) deeds.choose(state.places.get(tile.dataset.id), {});
    });
    new ResizeObserver(([entry]) => { this.width = entry.contentRect.width; this.render(); }).observe(this.root);
  }

  render() {
    const { list, place } = this.state;
    if (!this.width) return;
    const half = Math.ceil(this.width / WIDE / 2) + 1;
    const wanted = new Map();
    for (let at = Math.max(0, place - half); at <= Math.min(list.length - 1, place + half); at += 1) wanted.set(list[at].id, at);
    for (const [id, tile] of this.tiles) {
      if (wanted.has(id)) continue;
      tile.remove();
      this.tiles.delete(id);
    }
    for (const [id, at] of wanted) {
      if (!this.tiles.has(id)) this.tiles.set(id, this.#make(id));
      const tile = this.tiles.get(id);
      tile.style.transform = `translateX(${Math.round(this.width / 2 - WIDE / 2 + (at - place) * WIDE)}px)`;
      this.#dress(tile, list[at], at);
    }
  }

  #make(id) {
    const tile = el("div", { class: "tile" }, el("img", { alt: "", decoding: "async", draggable: "false", src: address(id, "thumb") }), icon("unset"));
    tile.dataset.id = id;
    this.root.append(tile);
    return tile;
  }

  #dress(tile, item, at) {
    const { list, place } = this.state;
    const same = (other) => item.series && other?.series?.index === item.series.index;
    tile.className = ["tile", item.decision ?? "", at === place ? "focused" : "", item.series ? "in-series" : "",
      item.series && !same(list[at - 1]) ? "first" : "", item.series && !same(list[at + 1]) ? "last" : ""].join(" ");
    const mark = signOf(item);
    if (!tile.lastChild.classList.contains(`sign-${mark}`)) tile.lastChild.replaceWith(icon(mark));
  }
}
