// Moving: from sample to sample, from set to set, and what is selected on the way.

import { plural } from "../words.js";
import { setOf } from "./sets.js";
import { describe } from "./words.js";

export const SETS = { compare: 4, survey: 16 };

export class Moving {
  constructor(desk) {
    this.desk = desk;
    this.direction = 1;
  }

  get state() {
    return this.desk.state;
  }

  go(place, { keep = false } = {}) {
    const { desk, state } = this;
    const to = Math.max(0, Math.min(state.list.length - 1, place));
    if (!keep) state.range = null;
    if (to === state.place) return false;
    this.direction = to < state.place ? -1 : 1;
    state.place = to;
    if (!keep && state.view === "grid") state.selected.clear();
    if (state.view === "grid") {
      desk.current.reveal();
      desk.around();
    } else {
      if (desk.many && !state.set.includes(state.focused.id)) this.gather();
      desk.show();
    }
    desk.say(`${describe(state.focused, state)}, ${to + 1} of ${state.list.length}`);
    return true;
  }

  step(by) {
    const { desk, state } = this;
    if (!desk.many) return this.go(state.place + by);
    const at = state.set.indexOf(state.focused.id) + by;
    if (state.set[at]) return this.go(state.places.get(state.set[at]));
    return this.#nextSet(by);
  }

  row(by) {
    const { desk, state } = this;
    if (state.view === "grid") {
      const { columns } = desk.current;
      const to = state.place + by * columns;
      const last = state.list.length - 1;
      const below = Math.floor(last / columns) > Math.floor(state.place / columns);
      if (to >= 0) this.go(to > last && !below ? state.place : to);
    } else if (state.view === "loupe") this.go(state.nextUnit(by));
    else {
      const at = state.set.indexOf(state.focused.id) + by * (desk.current.columns ?? 1);
      if (state.set[at]) this.go(state.places.get(state.set[at]));
    }
  }

  page(by) {
    const { desk, state } = this;
    if (desk.many) this.#nextSet(by);
    else this.go(state.place + by * (state.view === "grid" ? desk.current.page : 10));
  }

  ends(by) {
    this.go(by < 0 ? 0 : this.state.list.length - 1);
  }

  // On to the next one; of those side by side to the next undecided one, where one was just decided.
  advance(decided) {
    const { desk, state } = this;
    if (!desk.many) return this.go(state.place + 1);
    const at = state.set.indexOf(state.focused.id);
    const after = [...state.set.slice(at + 1), ...(decided ? state.set.slice(0, at) : [])];
    const next = decided ? after.find((id) => state.byId.get(id).decision === null) : after[0];
    return next ? this.go(state.places.get(next)) : this.#nextSet(1);
  }

  goTo(id) {
    const { desk, state } = this;
    if (!state.places.has(id)) desk.list({ filter: "all", narrow: { standing: null, answer: null, group: null, origin: null } });
    this.go(state.places.get(id));
  }

  // --- selecting

  // add: to the selection, or out of it; through: all up to this one; both leave the rest selected.
  choose(place, { add = false, through = false } = {}) {
    const { state } = this;
    if (place === undefined) return;
    this.desk.begun = true;
    if (through) state.extend(place);
    else if (add) state.toggle(state.list[place].id);
    if (!this.go(place, { keep: add || through }) && !add && !through) state.selected.clear();
    if (state.selecting && add) this.desk.say(`${plural(state.selected.size, "sample")} selected, ${state.selected.has(state.list[place].id) ? "with" : "without"} ${state.list[place].name}`);
    this.#selected();
  }

  extend(key) {
    const { desk, state } = this;
    if (state.view !== "grid") return;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -desk.current.columns, ArrowDown: desk.current.columns, Home: -state.list.length, End: state.list.length }[key];
    this.choose(Math.max(0, Math.min(state.list.length - 1, state.place + by)), { through: true });
    if (state.selected.size > 1) desk.say(`${plural(state.selected.size, "sample")} selected, up to ${describe(state.focused, state)}`);
  }

  select(ids) {
    this.state.select(ids);
    this.#selected();
  }

  all() {
    const { desk, state } = this;
    if (state.view !== "grid") desk.view("grid");
    this.select(state.list.map((item) => item.id));
    desk.say(`All ${plural(state.list.length, "sample")} of the list are selected`, true);
  }

  // Let taps select, or no longer: then nothing stays selected.
  picking(on) {
    const { desk, state } = this;
    if (state.view !== "grid") desk.view("grid");
    state.selecting = on;
    this.select([]);
    desk.say(on ? "Tap the samples that are to be decided on together" : "Nothing is selected", on);
  }

  // Returns whether there was anything to let go of.
  none() {
    if (!this.state.selected.size && !this.state.selecting) return false;
    this.picking(false);
    return true;
  }

  #selected() {
    const { desk, state } = this;
    if (state.view === "grid") desk.current.mark();
    desk.later();
  }

  // --- sets

  gather() {
    const { desk, state } = this;
    Object.assign(state, setOf(state, SETS[state.view]));
    if (!state.set.includes(state.focused.id)) state.place = state.places.get(state.set[0]);
    desk.whySet = state.why;
  }

  #nextSet(by) {
    const { desk, state } = this;
    if (state.setFrom === "selection") {
      desk.say("These are all that is selected", true);
      return false;
    }
    const places = state.set.map((id) => state.places.get(id));
    const to = by > 0 ? Math.max(...places) + 1 : Math.min(...places) - (state.setFrom === "next" ? state.set.length : 1);
    if (to >= state.list.length || Math.min(...places) === 0 && by < 0) {
      desk.say(by > 0 ? "These are the last" : "These are the first", true);
      return false;
    }
    state.set = [];
    const moved = this.go(to);
    if (moved && by > 0) this.go(state.places.get(state.set[0]));
    return moved;
  }
}
