// The loupe: one sample as large as the window lets it be.

import { createRef, html, render } from "../view.js";
import { noteWords, scaleWords } from "./caption.js";
import { Answer, Person, Series } from "./marks.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";
import { describe } from "./words.js";

export class Loupe {
  constructor(state, look, deeds, address) {
    Object.assign(this, { state, look });
    this.root = document.createElement("div");
    Object.assign(this.root, { className: "loupe", tabIndex: 0 });
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "Loupe");
    const [canvas, strip, foot, note] = [createRef(), createRef(), createRef(), createRef()];
    render(html`<div class="stage"><canvas class="picture" role="img" aria-label="" ref=${canvas} /><div class="captions" ref=${note} /></div>
      <div class="foot" ref=${foot} /><div class="strip" aria-hidden="true" ref=${strip} />`, this.root);
    this.canvas = canvas.current;
    this.foot = foot.current;
    this.captions = note.current;
    this.stage = new Stage(this.canvas, look, { ...deeds, focus: () => {} });
    this.strip = new Strip(strip.current, state, deeds, address);
  }

  end() {
    this.stage.end();
    this.strip.end();
  }

  layout() {
    this.stage.measure();
  }

  // The picture first: everything else waits until it is on the screen.
  show() {
    return this.stage.show(this.state.focused);
  }

  dress() {
    const { state } = this;
    const item = state.focused;
    if (!item) return;
    const look = this.look();
    this.canvas.setAttribute("aria-label", describe(item, state));
    render(html`${look.pictures.broken.has(`fit/${item.id}`) && html`<p class="none">This picture cannot be shown</p>`}
      <p class="note" role="status">${noteWords(item, this.stage.drawn, look)}</p><span class="scale">${scaleWords(item, this.stage.drawn, look)}</span>`, this.captions);
    render(html`<${Person} item=${item} state=${state} /><span class="name">${item.name}</span><${Series} item=${item} />
      <${Answer} item=${item} classes=${state.classes} /><span class="at">${state.place + 1} / ${state.list.length}</span>`, this.foot);
    this.strip.render();
  }

  update() {
    this.dress();
  }

  redraw(id) {
    return id === this.state.focused?.id ? this.stage.draw() : null;
  }

  get focusedStage() {
    return this.stage;
  }
}
