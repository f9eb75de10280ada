// The strip of small pictures below the loupe, with the focus in its middle.

import { html, render } from "../view.js";
import { Disc, Mark, signOf } from "./marks.js";

const WIDE = 76;

export class Strip {
  constructor(root, state, deeds, address) {
    Object.assign(this, { root, state, address });
    root.addEventListener("click", (event) => {
      const tile = event.target.closest("[data-id]");
      if (tile) deeds.choose(state.places.get(tile.dataset.id), {});
    });
    this.watch = new ResizeObserver(([entry]) => { this.width = entry.contentRect.width; this.render(); });
    this.watch.observe(root);
  }

  end() {
    this.watch.disconnect();
  }

  render() {
    const { list, place } = this.state;
    if (!this.width) return;
    const half = Math.ceil(this.width / WIDE / 2) + 1;
    const tiles = [];
    for (let at = Math.max(0, place - half); at <= Math.min(list.length - 1, place + half); at += 1) {
      const left = Math.round(this.width / 2 - WIDE / 2 + (at - place) * WIDE);
      tiles.push(html`<${Tile} key=${list[at].id} list=${list} at=${at} left=${left} focused=${at === place} classes=${this.state.classes} still=${this.address(list[at].id, "thumb")} />`);
    }
    render(tiles, this.root);
  }
}

function Tile({ list, at, left, focused, classes, still }) {
  const item = list[at];
  const same = (other) => item.series && other?.series?.index === item.series.index;
  const look = ["tile", classes.word(item.decision) ?? "", focused ? "focused" : "", item.series ? "in-series" : "",
    item.series && !same(list[at - 1]) ? "first" : "", item.series && !same(list[at + 1]) ? "last" : ""].join(" ");
  const shown = item.decision === null ? null : classes.culling ? html`<${Mark} name=${signOf(item, classes)} />` : html`<${Disc} of=${classes.of(item.decision)} />`;
  return html`<div class=${look} data-id=${item.id} style=${`transform: translateX(${left}px)`}><img alt="" decoding="async" draggable=${false} src=${still} />${shown}</div>`;
}
