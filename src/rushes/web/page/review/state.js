// What the page knows: the samples, the list that is looked at, where one stands in it, and what was decided.

import { arrange, BY_ANSWER, count, FILTERS, isNarrow, matcher, SORTS, WHOLE } from "./order.js";

const MARKS = ["decision", "own", "by", "origin", "rating", "color"]; // own: decided in a review, and no label from elsewhere
const ANSWERED = ["answer", "confidence", "margin", "doubt", "error"]; // what a model says
const MADE = ["own", "by", "origin"]; // what a decision brings with it
const MAY_LACK = ["answer", "confidence", "margin", "doubt", "error", "drawn", "group", "origin", "by", "verdict", "score", "series", "rating", "color", "better"];

export class State {
  constructor(session, classes) {
    this.title = session.title;
    this.task = session.task;
    this.cull = session.cull ?? null;
    this.model = session.model ?? null;
    this.groups = session.groups ?? [];
    this.classes = classes;
    this.person = session.person ?? "";
    this.items = session.items.map((item) => completed(item, classes));
    this.byId = new Map(this.items.map((item) => [item.id, item]));
    this.view = "grid";
    this.filter = "all";
    this.narrow = WHOLE;
    this.sort = "capture";
    this.zoom = null;
    this.heat = false;
    this.info = false;
    this.advance = true;
    this.selected = new Set();
    this.selecting = false; // a tap in the grid selects
    this.conflicts = []; // {id, field, mine, theirs, by, at, overruled}: what another person said meanwhile, or over what was said here, until somebody has chosen
    this.set = []; // ids that compare and survey show
    this.setFrom = ""; // why these: "selection", "series" or "next"
    this.done = []; // steps that this page made and can take back at once: {before, after, told, request}
    this.undone = [];
    this.arrange();
  }

  // Make the list anew. It stays as it is while one decides, so that nothing moves under the eyes.
  arrange() {
    const { focused } = this;
    const before = this.place ?? 0;
    this.list = arrange(this);
    this.places = new Map(this.list.map((item, place) => [item.id, place]));
    this.place = this.places.get(focused?.id) ?? Math.max(0, Math.min(before, this.list.length - 1));
    for (const id of this.selected) if (!this.places.has(id)) this.selected.delete(id);
    this.range = null;
    this.fresh = 0; // answers that came since
  }

  // How many answers the order of the list does not know of yet.
  get unordered() {
    return BY_ANSWER.includes(this.sort) ? this.fresh : 0;
  }

  get answers() {
    return this.items.some((item) => item.answer !== null);
  }

  get focused() {
    return this.list?.[this.place] ?? null;
  }

  // Whether a key decides on a selection.
  get isSelection() {
    return this.view === "grid" && this.selected.size > (this.selecting ? 0 : 1);
  }

  // What a key decides on: the selection of a grid where there is one, else the one with the ring. Where taps select, none
  // but what is selected.
  get meant() {
    if (this.isSelection) return this.list.filter((item) => this.selected.has(item.id));
    if (this.view === "grid" && this.selecting) return [];
    return this.focused ? [this.focused] : [];
  }

  // How many in the list no longer match the filter.
  get stale() {
    if (this.filter === "all" && !isNarrow(this.narrow)) return 0;
    const wanted = matcher(this);
    return this.list.reduce((found, item) => found + !wanted(item), 0);
  }

  get undecided() {
    return count(this, "undecided");
  }

  get decided() {
    return this.items.length - this.undecided;
  }

  // How many stand for each class: a map of all classes, in their order.
  get tally() {
    const found = new Map(this.classes.all.map(({ name }) => [name, 0]));
    for (const { decision } of this.items) if (decision !== null) found.set(decision, (found.get(decision) ?? 0) + 1);
    return found;
  }

  get origins() {
    return [...new Set(this.items.map((item) => item.origin).filter(Boolean))].sort();
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

  // --- selecting

  // Select all from where the range began up to a place; what was selected before the range stays.
  extend(to) {
    this.range ??= { from: this.place, kept: new Set(this.selected) };
    const { from, kept } = this.range;
    this.selected = new Set(kept);
    for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) this.selected.add(this.list[at].id);
  }

  // With Ctrl the one that has the ring belongs to it from the first; a tap takes no other than its own.
  toggle(id) {
    this.range = null;
    const least = this.selecting ? 0 : 1;
    if (least && !this.selected.size && this.focused) this.selected.add(this.focused.id);
    if (this.selected.has(id) && this.selected.size > least) this.selected.delete(id);
    else this.selected.add(id);
  }

  select(ids) {
    this.range = null;
    this.selected = new Set(ids);
  }

  // --- deciding

  // Show changes that differ from what is said here, and return them as one step; null where nothing differs.
  // A decision that agrees with a label from elsewhere, or with another person, is one of its own; a label cannot be taken away.
  mark(changes) {
    const step = { before: [], after: [], told: [] };
    for (const change of changes) {
      const item = this.byId.get(change.id);
      const wanted = this.#whole(change);
      const names = Object.keys(change).filter((name) => name !== "id" && this.#differs(item, wanted, name));
      if (!names.length) continue;
      const touched = names.includes("decision") ? [...names, ...MADE] : names;
      const part = (of, some) => ({ id: item.id, ...Object.fromEntries(some.map((name) => [name, of[name] ?? null])) });
      const seen = part(item, names.filter((name) => name !== "decision"));
      const saw = { decision: item.decision, by: item.by, ...seen };
      delete saw.id;
      step.before.push(part(item, touched));
      step.after.push(part(wanted, touched));
      step.told.push({ ...part(wanted, names), saw });
    }
    if (!step.told.length) return null;
    this.show(step.after);
    this.done.push(step);
    this.undone = [];
    return step;
  }

  #differs(item, wanted, name) {
    if (name !== "decision") return wanted[name] !== item[name];
    if (wanted.decision === null) return item.own;
    return !item.own || wanted.decision !== item.decision || (item.by !== null && item.by !== this.person);
  }

  // Where only a decision is named, it was made here.
  #whole(change) {
    if (!("decision" in change) || "own" in change) return change;
    const made = change.decision !== null;
    return { ...change, own: made, by: made ? this.person : null, origin: made ? `review:${this.person}` : null };
  }

  // Show what changes say; samples that this page does not know are left out.
  show(changes) {
    for (const change of changes) {
      const item = this.byId.get(change.id);
      const said = this.#whole(change);
      if (item) for (const name of MARKS) if (name in said) item[name] = said[name];
    }
  }

  // Nothing is to be chosen any more of these fields of these samples.
  settle(changes) {
    const settled = (one) => changes.some((change) => change.id === one.id && one.field in change);
    this.conflicts = this.conflicts.filter((one) => !settled(one));
  }

  // Where these changes put another person's word over what was decided here, as conflicts.
  overruled(changes) {
    return changes.flatMap(({ id, decision, by, at = null }) => {
      const item = this.byId.get(id);
      const isMine = item?.own && (item.by ?? "") === this.person && item.decision !== null;
      if (!isMine || !by || by === this.person || decision === null || decision === item.decision) return [];
      return [{ id, field: "decision", mine: item.decision, theirs: decision, by, at, overruled: true }];
    });
  }

  // Take in what a model says; its answers may come while one decides.
  learn(changes) {
    for (const change of changes) {
      const item = this.byId.get(change.id);
      if (!item || item.verdict) continue;
      if (item.answer === null && change.answer) this.fresh += 1;
      for (const name of ANSWERED) if (name in change) item[name] = change[name];
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

  // Look at samples in another filter or order. The audit sample is looked at as it was drawn: its first so many are then
  // a random part of all that it was drawn from.
  choose({ filter = this.filter, sort = null, narrow = this.narrow }) {
    const begins = filter === "audit" && this.filter !== "audit";
    if (begins) this.sortBefore = this.sort;
    if (sort) this.sort = sort;
    else if (begins) this.sort = "drawn";
    this.filter = filter;
    this.narrow = narrow;
    if (filter !== "audit" && !sort && this.sort === "drawn") this.sort = this.sortBefore ?? "capture";
    if (!SORTS[this.sort][2](this)) this.sort = "capture";
    this.arrange();
  }

  get says() {
    const parts = [FILTERS[this.filter][0]];
    const { standing, answer, group, origin } = this.narrow;
    if (standing !== null) parts.push(standing);
    if (answer !== null) parts.push(`model ${answer}`);
    if (group !== null) parts.push(group);
    if (origin !== null) parts.push(origin);
    return (parts.length > 1 && this.filter === "all" ? parts.slice(1) : parts).join(", ");
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

  // Some samples of a step were left as another person has them: they are no part of it.
  spare(request, ids) {
    for (const step of [...this.done, ...this.undone]) {
      if (step?.request !== request) continue;
      for (const part of ["before", "after", "told"]) step[part] = step[part].filter((change) => !ids.has(change.id));
    }
  }
}

// A cull's verdict is the answer of its model.
function completed(item, classes) {
  for (const name of MAY_LACK) item[name] ??= null;
  if (item.answer === null && item.verdict) item.answer = classes[item.verdict];
  return item;
}
