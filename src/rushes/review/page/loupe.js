// The loupe: one photograph as large as the window lets it be.

import { noteWords, scaleWords } from "./caption.js";
import { el } from "./elements.js";
import { cullMark, personMarks, seriesMark } from "./marks.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";
import { describe } from "./words.js";

export class Loupe {
  constructor(state, look, deeds) {
    Object.assign(this, { state, look });
    this.canvas = el("canvas", { class: "picture", role: "img" });
    this.stage = new Stage(this.canvas, look, { ...deeds, focus: () => {} });
    this.foot = el("div", { class: "foot" });
    this.scale = el("span", { class: "scale" });
    this.note = el("p", { class: "note", role: "status" });
    this.none = el("p", { class: "none" }, "This picture cannot be shown");
    this.strip = new Strip(state, deeds);
    this.root = el("div", { class: "loupe", tabindex: "0", role: "group", "aria-label": "Loupe" },
      el("div", { class: "stage" }, this.canvas, this.none, this.note, this.scale), this.foot, this.strip.root);
  }

  layout() {
    this.stage.measure();
  }

  // The picture first: everything else waits until it is on the screen.
  show() {
    return this.stage.show(this.state.focused);
  }

  dress() {
    const item = this.state.focused;
    if (!item) return;
    const look = this.look();
    const { pictures } = look;
    this.canvas.setAttribute("aria-label", describe(item));
    this.none.hidden = !pictures.broken.has(`fit/${item.id}`);
    this.scale.textContent = scaleWords(item, this.stage.drawn, look);
    this.note.textContent = noteWords(item, this.stage.drawn, look);
    this.foot.replaceChildren(
      el("span", { class: "person" }, ...personMarks(item)),
      el("span", { class: "name" }, item.name),
      seriesMark(item) ?? "", cullMark(item) ?? "",
      el("span", { class: "at" }, `${this.state.place + 1} / ${this.state.list.length}`),
    );
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
