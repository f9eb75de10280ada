// What the page knows: the photographs, the list that is looked at, where one stands in it, and what was decided.

import { arrange, count, FILTERS } from "./order.js";

const MARKS = ["decision", "rating", "color"];

export class State {
  constructor(session) {
    this.title = session.title;
    this.task = session.task;
    this.cull = session.cull;
    this.items = session.items;
    this.byId = new Map(this.items.map((item) => [item.id, item]));
    this.view = "grid";
    this.filter = "all";
    this.sort = "capture";
    this.zoom = null;
    this.heat = false;
    this.info = false;
    this.advance = true;
    this.selected = new Set();
    this.set = []; // ids that compare and survey show
    this.setFrom = ""; // why these: "selection", "series" or "next"
    this.done = []; // changes that this page made and can take back at once
    this.undone = [];
    this.arrange();
  }

  // Make the list anew. It stays as it is while one decides, so that nothing moves under the eyes.
  arrange() {
    const focused = this.focused;
    const before = this.place ?? 0;
    this.list = arrange(this.items, this.filter, this.sort);
    this.places = new Map(this.list.map((item, place) => [item.id, place]));
    this.place = this.places.get(focused?.id) ?? Math.max(0, Math.min(before, this.list.length - 1));
    for (const id of this.selected) if (!this.places.has(id)) this.selected.delete(id);
  }

  get focused() {
    return this.list?.[this.place] ?? null;
  }

  // How many in the list no longer match the filter.
  get stale() {
    const wanted = FILTERS[this.filter][1];
    return this.filter === "all" ? 0 : this.list.reduce((found, item) => found + !wanted(item), 0);
  }

  get undecided() {
    return count(this.items, "undecided");
  }

  get decided() {
    return this.items.length - this.undecided;
  }

  seriesOf(item) {
    if (!item?.series) return [];
    return this.items.filter((one) => one.series?.index === item.series.index);
  }

  // The first place after (or before) the unit of this one: a series counts as one.
  nextUnit(step) {
    const key = this.focused?.series?.index;
    let place = this.place + step;
    while (key !== undefined && this.list[place]?.series?.index === key) place += step;
    if (step < 0 && this.list[place]?.series) {
      const before = this.list[place].series.index;
      while (this.list[place - 1]?.series?.index === before) place -= 1;
    }
    return Math.max(0, Math.min(this.list.length - 1, place));
  }

  // Show marks that differ from what is shown; returns {changes, before} or null where nothing differs.
  mark(changes) {
    const before = [];
    const told = [];
    for (const change of changes) {
      const item = this.byId.get(change.id);
      const names = MARKS.filter((name) => name in change && change[name] !== (item[name] ?? null));
      if (!names.length) continue;
      before.push({ id: item.id, ...Object.fromEntries(names.map((name) => [name, item[name] ?? null])) });
      told.push({ id: item.id, ...Object.fromEntries(names.map((name) => [name, change[name]])) });
    }
    if (!told.length) return null;
    this.show(told);
    this.done.push({ before, after: told });
    this.undone = [];
    return told;
  }

  // Show what a change says; photographs that this page does not know are left out.
  show(changes) {
    for (const change of changes) {
      const item = this.byId.get(change.id);
      if (item) for (const name of MARKS) if (name in change) item[name] = change[name];
    }
  }

  // Take back (or do again) what this page knows of; null where only the server knows.
  takeBack() {
    const step = this.done.pop() ?? null;
    this.undone.push(step); // null stands for a step of the server's
    if (step) this.show(step.before);
    return step?.before ?? null;
  }

  doAgain() {
    const step = this.undone.pop() ?? null;
    if (!step) return null;
    this.done.push(step);
    this.show(step.after);
    return step.after;
  }

  // The server had nothing to take back.
  nothing(kind) {
    if (kind === "undo" && this.undone.at(-1) === null) this.undone.pop();
  }

  // Take away what the server refused; returns what is shown again, null where that is not known.
  forget(changes) {
    const at = this.done.findIndex((step) => step.after === changes);
    if (at < 0) return null;
    const [step] = this.done.splice(at, 1);
    this.show(step.before);
    return step.before;
  }
}
