// What the page knows: the photographs, the list that is looked at, where one stands in it, and what was decided.

import { arrange, count, FILTERS } from "./order.js";

const MARKS = ["decision", "own", "rating", "color"]; // own: the decision was made in a review, and is no label from elsewhere

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
    this.done = []; // steps that this page made and can take back at once: {before, after, told, request}
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

  // Show marks of one photograph that differ from what is said of it here; returns the step, null where nothing differs.
  // A decision that agrees with a label from elsewhere is one of its own, and such a label cannot be taken away.
  mark(change) {
    const item = this.byId.get(change.id);
    const wanted = whole(change);
    const differs = (name) => (name !== "decision" ? wanted[name] !== (item[name] ?? null)
      : wanted.decision === null ? item.own : !item.own || wanted.decision !== item.decision);
    const names = Object.keys(change).filter((name) => name !== "id" && differs(name));
    if (!names.length) return null;
    const touched = names.includes("decision") ? [...names, "own"] : names;
    const part = (of, some) => [{ id: item.id, ...Object.fromEntries(some.map((name) => [name, of[name] ?? null])) }];
    const step = { before: part(item, touched), after: part(wanted, touched), told: part(wanted, names) };
    this.show(step.after);
    this.done.push(step);
    this.undone = [];
    return step;
  }

  // Show what a change says; photographs that this page does not know are left out.
  show(changes) {
    for (const change of changes) {
      const item = this.byId.get(change.id);
      const said = whole(change);
      if (item) for (const name of MARKS) if (name in said) item[name] = said[name];
    }
  }

  // Take back (or do again) the last step that this page made, and return it; null where only the server knows.
  takeBack() {
    const step = this.done.pop() ?? null;
    this.undone.push(step); // null stands for a step of the server's
    if (step) this.show(step.before);
    return step;
  }

  doAgain() {
    const step = this.undone.pop() ?? null;
    if (!step) return null;
    this.done.push(step);
    this.show(step.after);
    return step;
  }

  // Look at photographs in another filter or order. The audit sample is looked at as it was drawn: its first so many are
  // then a random part of all rejects.
  choose({ filter = this.filter, sort = null }) {
    const begins = filter === "audit" && this.filter !== "audit";
    if (begins) this.sortBefore = this.sort;
    if (sort) this.sort = sort;
    else if (begins) this.sort = "drawn";
    if (filter !== "audit" && this.sort === "drawn") this.sort = this.sortBefore ?? "capture";
    this.filter = filter;
    this.arrange();
  }

  // The server had nothing to take back.
  nothing(kind) {
    if (kind === "undo" && this.undone.at(-1) === null) this.undone.pop();
  }

  // Take away what the server refused; returns what is shown again, null where that is not known.
  forget(request) {
    const step = this.done.find((one) => one?.request === request);
    this.drop(request);
    if (!step) return null;
    this.show(step.before);
    return step.before;
  }

  // The server knows no such step: what it changed was so already, or was changed elsewhere since.
  drop(request) {
    const others = (step) => !step || step.request !== request;
    this.done = this.done.filter(others);
    this.undone = this.undone.filter(others);
  }
}

// Where only a decision is named, it was made here.
const whole = (change) => ("decision" in change && !("own" in change) ? { ...change, own: change.decision !== null } : change);
