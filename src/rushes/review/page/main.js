// The page of `rushes review`: starts it, and does what keys, pointers and buttons ask for.

import { Bar } from "./bar.js";
import { Clock } from "./clock.js";
import { button, el } from "./elements.js";
import { Grid } from "./grid.js";
import { showHelp } from "./help.js";
import { read } from "./keys.js";
import { Loupe } from "./loupe.js";
import { Many } from "./many.js";
import { closeEnd, fullScreenWords, showEnd, showGone } from "./notices.js";
import { count, FILTERS } from "./order.js";
import { ask, Outbox, speakOf } from "./outbox.js";
import { fillPanel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { neighbours, setOf } from "./sets.js";
import { State } from "./state.js";
import { COLORS, describe, number, plural } from "./words.js";

const byId = (id) => document.getElementById(id);
const REST = 90; // ms of standing still before the details of a photograph are asked for
const SETS = { compare: 4, survey: 16 };

class Review {
  constructor(session) {
    this.state = new State(session);
    this.clock = new Clock();
    this.details = new Map();
    this.direction = 1;
    this.pictures = new Pictures((id, quality) => this.#came(id, quality), (id, quality, away) => this.#failed(id, quality, away));
    speakOf(session.key ?? "");
    this.outbox = new Outbox(session.key ?? `${session.task}/${session.title}`, {
      revision: session.revision,
      replied: (reply, entry) => this.#replied(reply, entry),
      learned: (changes) => this.#learned(changes),
      refused: (entry, why) => this.#refused(entry, why),
      changed: (back) => this.#outboxChanged(back),
    });
    const look = () => ({ pictures: this.pictures, zoom: this.state.zoom, heat: this.state.heat, cull: this.state.cull });
    const deeds = {
      choose: (place, how) => this.choose(place, how), open: () => this.view("loupe"), step: (by) => this.step(by),
      zoom: (zoom) => this.zoom(zoom), decide: (value) => this.decide({ decision: value }, true),
      rate: (rating) => this.decide({ rating }, true), color: (color) => this.color(color), goTo: (id) => this.goTo(id),
      heat: () => this.heat(), whySet: () => this.whySet, undo: () => this.undo(), redo: () => this.redo(),
      info: () => this.info(), help: () => this.help(), view: (name) => this.view(name), refresh: () => this.refresh(),
      list: (wish) => this.list(wish), home: () => this.home(), cells: (size) => this.cells(size),
    };
    this.deeds = deeds;
    this.views = {
      grid: new Grid(this.state, deeds), loupe: new Loupe(this.state, look, deeds),
      compare: new Many(this.state, look, deeds, "Compare"), survey: new Many(this.state, look, deeds, "Survey"),
    };
    this.bar = new Bar(byId("bar"), this.state, this.outbox, deeds);
  }

  async open(opensOn) {
    await this.outbox.open((entries) => {
      for (const { changes } of entries) {
        this.state.show(changes);
        if (this.opened) this.#changed(changes.map((change) => change.id));
      }
    });
    if (opensOn in FILTERS && count(this.state.items, opensOn)) this.state.choose({ filter: opensOn });
    const undecided = this.state.list.findIndex((item) => (opensOn === "audit" ? !item.own : item.decision === null));
    this.state.place = Math.max(0, undecided);
    this.#actions();
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("pointerup", (event) => { if (event.target.closest("#bar button, #panel button, #actions button")) queueMicrotask(() => this.home()); });
    addEventListener("beforeunload", (event) => { if (this.outbox.unsaved && !this.outbox.kept) event.preventDefault(); });
    addEventListener("online", () => this.outbox.hurry());
    addEventListener("focus", () => this.outbox.look()); // another tab may have decided meanwhile
    this.views.grid.size = Math.round(innerWidth < 600 ? 118 : Math.min(320, Math.max(150, innerWidth / 6.9)));
    this.bar.size.value = this.views.grid.size;
    this.view("grid");
    this.opened = true;
    this.outbox.send();
    this.#audit();
  }

  get current() {
    return this.views[this.state.view];
  }

  get many() {
    return this.state.view in SETS ? this.current : null;
  }

  // --- showing

  view(name) {
    const { state } = this;
    if (!state.list.length) return this.#empty();
    const from = state.view;
    state.view = name;
    if (name !== from) state.zoom = null;
    if (name in SETS) this.#gather();
    const { root } = this.current;
    byId("view").replaceChildren(root);
    document.body.dataset.view = name;
    this.current.layout();
    if (name === "grid") {
      this.current.reveal();
      this.current.mark();
    }
    this.#show();
    this.home();
  }

  // The picture now; all that stands around it once it is on the screen.
  #show() {
    const { state, clock } = this;
    if (state.view !== "grid") clock.drawn(state.focused?.id, this.current.show());
    this.#plan();
    this.#later();
  }

  #later() {
    if (this.waiting) return;
    this.waiting = true;
    this.clock.afterPaint(() => {
      this.waiting = false;
      this.current.dress?.();
      this.bar.render();
      this.#panel();
      this.#around();
    });
  }

  #plan() {
    const { state, pictures, direction } = this;
    const plan = [];
    const shown = this.many ? state.set : [state.focused?.id].filter(Boolean);
    const focused = state.focused?.id;
    if (state.zoom) for (const id of shown.length > 4 ? [focused] : shown) plan.push([id, "full"]);
    if (state.heat) for (const id of shown) if (this.details.get(id)?.heat) plan.push([id, "heat"]);
    for (const id of shown) plan.push([id, "fit"]);
    const reach = this.many ? shown.length : state.view === "grid" ? 2 : 6;
    const from = this.many ? state.places.get(direction < 0 ? shown[0] : shown.at(-1)) : state.place;
    for (const at of neighbours(from, reach, direction)) if (state.list[at]) plan.push([state.list[at].id, "fit"]);
    if (state.zoom && state.view === "loupe" && state.list[state.place + direction]) plan.push([state.list[state.place + direction].id, "full"]);
    pictures.want(plan);
  }

  // Small pictures near by, so that there is something to show wherever one jumps.
  #around() {
    if (this.state.view === "grid") return;
    for (const at of neighbours(this.state.place, 24, this.direction)) if (this.state.list[at]) this.pictures.thumb(this.state.list[at].id);
  }

  #came(id, quality) {
    if (this.state.view === "grid") return;
    if (quality === "full" && !this.state.zoom) return;
    const shown = this.current.redraw(id);
    if (shown) {
      this.clock.drawn(id, shown);
      this.#later();
    }
  }

  #failed(id, quality, away) {
    if (away) this.outbox.lost();
    if (quality === "full" && this.state.zoom && this.state.view !== "grid") this.current.redraw(id);
    if (this.many || id === this.state.focused?.id) this.#later();
  }

  #panel() {
    const { state } = this;
    const item = state.focused;
    byId("panel").hidden = !state.info;
    if (!item) return;
    if (state.info) fillPanel(byId("panel"), item, state, this.details.get(item.id) ?? null, this.deeds);
    clearTimeout(this.rest);
    if ((state.info || state.heat) && !this.details.has(item.id)) this.rest = setTimeout(() => this.#detail(item), REST);
  }

  async #detail(item) {
    try {
      const { decision, rating, color, ...found } = await ask(`api/items/${encodeURIComponent(item.id)}`);
      this.details.set(item.id, found);
    } catch (error) {
      if (error instanceof TypeError) this.outbox.lost();
      return;
    }
    if (this.state.focused !== item) return;
    if (this.state.heat && !this.details.get(item.id).heat) this.say("There is no heat for this photograph", true);
    this.#plan();
    this.#panel();
  }

  // --- moving

  go(place, { keep = false } = {}) {
    const { state } = this;
    const to = Math.max(0, Math.min(state.list.length - 1, place));
    if (to === state.place) return false;
    this.direction = to < state.place ? -1 : 1;
    state.place = to;
    if (!keep && state.view === "grid") state.selected.clear();
    if (state.view === "grid") {
      this.current.reveal();
      this.#plan();
      this.#later();
    } else {
      if (this.many && !state.set.includes(state.focused.id)) this.#gather();
      this.#show();
    }
    this.say(`${describe(state.focused)}, ${to + 1} of ${state.list.length}`);
    return true;
  }

  step(by) {
    if (!this.many) return this.go(this.state.place + by);
    const at = this.state.set.indexOf(this.state.focused.id) + by;
    if (this.state.set[at]) return this.go(this.state.places.get(this.state.set[at]));
    return this.#nextSet(by);
  }

  #row(by) {
    const { state } = this;
    if (state.view === "grid") {
      const to = state.place + by * this.current.columns;
      const last = state.list.length - 1;
      const below = Math.floor(last / this.current.columns) > Math.floor(state.place / this.current.columns);
      if (to >= 0) this.go(to > last && !below ? state.place : to);
    } else if (state.view === "loupe") this.go(state.nextUnit(by));
    else {
      const columns = this.current.board.style.gridTemplateColumns.match(/repeat\((\d+)/)?.[1] ?? 1;
      const at = state.set.indexOf(state.focused.id) + by * Number(columns);
      if (state.set[at]) this.go(state.places.get(state.set[at]));
    }
  }

  #page(by) {
    if (this.many) this.#nextSet(by);
    else this.go(this.state.place + by * (this.state.view === "grid" ? this.current.page : 10));
  }

  choose(place, { add = false, through = false } = {}) {
    const { state } = this;
    if (place === undefined) return;
    if (through) {
      const [from, to] = [Math.min(state.place, place), Math.max(state.place, place)];
      for (let at = from; at <= to; at += 1) state.selected.add(state.list[at].id);
    } else if (add) {
      if (!state.selected.size && state.focused) state.selected.add(state.focused.id);
      const { id } = state.list[place];
      if (state.selected.has(id)) state.selected.delete(id);
      else state.selected.add(id);
    }
    if (!this.go(place, { keep: add || through }) && !add && !through) state.selected.clear();
    if (state.view === "grid") this.current.mark();
  }

  goTo(id) {
    if (!this.state.places.has(id)) this.list({ filter: "all" });
    this.go(this.state.places.get(id));
  }

  #gather() {
    const { state } = this;
    Object.assign(state, setOf(state, SETS[state.view]));
    if (!state.set.includes(state.focused.id)) state.place = state.places.get(state.set[0]);
    this.whySet = state.why;
  }

  #nextSet(by) {
    const { state } = this;
    if (state.setFrom === "selection") {
      this.say("These are all that is selected", true);
      return false;
    }
    const places = state.set.map((id) => state.places.get(id));
    const to = by > 0 ? Math.max(...places) + 1 : Math.min(...places) - (state.setFrom === "next" ? state.set.length : 1);
    if (to >= state.list.length || Math.min(...places) === 0 && by < 0) {
      this.say(by > 0 ? "These are the last" : "These are the first", true);
      return false;
    }
    state.set = [];
    const moved = this.go(to);
    if (moved && by > 0) this.go(this.state.places.get(state.set[0]));
    return moved;
  }

  // --- deciding

  decide(marks, advances = false) {
    const { state } = this;
    const item = state.focused;
    if (!item || this.#outOfSight()) return;
    const before = state.undecided;
    if (marks.decision === null && item.decision && !item.own) this.say("A label from elsewhere stands; there is no decision of yours to take away", true);
    const step = state.mark({ id: item.id, ...marks });
    const goes = advances && state.advance;
    // Advance before the rest is drawn: the next picture is what is waited for.
    const went = goes && this.#advance("decision" in marks && marks.decision !== null);
    if (step) step.request = this.outbox.add({ kind: "decisions", changes: step.told });
    this.#changed([item.id]);
    this.say(went ? `${describe(item)}. Next: ${describe(state.focused)}` : describe(item));
    if (step && state.undecided === 0 && before > 0) showEnd(this);
  }

  // Nobody decides on what nobody sees: the first key brings the ring back.
  #outOfSight() {
    if (this.state.view !== "grid" || this.current.inSight) return false;
    this.current.reveal();
    this.say(`Nothing was decided: the ring was out of sight. It is on ${this.state.focused.name}`, true);
    return true;
  }

  #advance(decided) {
    const { state } = this;
    if (!this.many) return this.go(state.place + 1);
    const at = state.set.indexOf(state.focused.id);
    const after = [...state.set.slice(at + 1), ...(decided ? state.set.slice(0, at) : [])];
    const next = decided ? after.find((id) => state.byId.get(id).decision === null) : after[0];
    return next ? this.go(state.places.get(next)) : this.#nextSet(1);
  }

  color(color) {
    const item = this.state.focused;
    if (item) this.decide({ color: item.color === color ? null : color });
  }

  undo() {
    this.#travel("undo", this.state.takeBack());
  }

  redo() {
    this.#travel("redo", this.state.doAgain());
  }

  #travel(kind, step) {
    const changes = step && (kind === "undo" ? step.before : step.after);
    this.outbox.add({ kind, changes: changes ?? [], of: step?.request ?? null });
    if (changes) this.#travelled(kind, changes);
    else if (!this.outbox.reachable) this.say(`The server knows what to ${kind}: it is done when the server is back`, true);
  }

  #travelled(kind, changes) {
    const place = this.state.places.get(changes[0].id);
    if (place !== undefined) this.go(place);
    this.#changed(changes.map((change) => change.id));
    this.say(`${kind === "undo" ? "Undone" : "Done again"}: ${describe(this.state.byId.get(changes[0].id))}`, true);
  }

  #changed(ids) {
    for (const id of ids) this.views.grid.update(id);
    this.#later();
  }

  #replied(reply, entry) {
    const changes = this.#learned(reply.changes);
    if (reply.step === null && entry.kind === "decisions") this.state.drop(entry.request);
    if (reply.step === null && entry.of) {
      this.state.drop(entry.of);
      this.say(`Nothing is ${entry.kind === "undo" ? "undone" : "done again"}: it was changed elsewhere since`, true);
    }
    if (entry.kind !== "decisions" && !entry.changes.length) {
      if (changes.length) this.#travelled(entry.kind, changes);
      else {
        this.state.nothing(entry.kind);
        this.say(`There is nothing left to ${entry.kind}`, true);
      }
    }
    if (!this.outbox.unsaved) this.#audit();
  }

  // Show what the server says, but for what this page has decided since.
  #learned(told) {
    const changes = told.filter((change) => this.state.byId.has(change.id) && !this.outbox.touches(change.id));
    this.state.show(changes);
    this.#changed(changes.map((change) => change.id));
    return changes;
  }

  #refused(entry, why) {
    const before = this.state.forget(entry.request);
    if (before) this.#changed(before.map((change) => change.id));
    this.say(`The server refused a decision, which is taken back: ${why}`, true);
  }

  #outboxChanged(back) {
    if (back) {
      this.pictures.again();
      this.views.grid.layout();
      this.#show();
    }
    this.bar.renderSaved(this.outbox);
    showGone(this);
  }

  // --- the list

  list(wish) {
    this.state.zoom = null;
    this.state.choose(wish);
    this.state.set = [];
    if (!this.state.list.length) return this.#empty();
    this.views.grid.columns = 0;
    if (this.many) this.view("grid");
    else this.view(this.state.view);
    this.#audit();
    this.say(`${plural(this.state.list.length, "photograph")}`);
  }

  refresh() {
    this.list({});
  }

  #empty() {
    document.body.dataset.view = "empty";
    byId("view").replaceChildren(fullScreenWords("No photograph matches", "The list holds none that is wanted here.",
      button(null, "Show all photographs", () => this.list({ filter: "all" }), { text: "Show all photographs", extra: "plain" })));
    this.bar.render();
    this.#panel();
    this.#audit();
    this.home();
  }

  async #audit() {
    const { state } = this;
    const strip = byId("audit");
    strip.hidden = state.filter !== "audit";
    if (strip.hidden || !state.cull) return;
    try {
      const found = await ask("api/audit");
      strip.replaceChildren(el("b", {}, `${number(found.looked_at)} of ${number(found.drawn)} looked at`),
        el("span", { class: "misses" }, plural(found.misses, "keeper missed", "keepers missed")), el("span", {}, found.sentence));
    } catch {
      if (!strip.childElementCount) strip.textContent = "The tally of the audit comes when the server answers.";
    }
  }

  // --- looking

  zoom(zoom) {
    this.state.zoom = zoom;
    if (this.state.view === "grid") return;
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.state.view === "grid") return;
      this.current.show();
      this.#plan();
      this.#later();
    });
  }

  #toggleZoom() {
    if (this.state.view === "grid") return this.view("loupe");
    const stage = this.many ? this.current.pointedStage : this.current.focusedStage;
    if (stage) this.zoom(stage.toggled());
    return true;
  }

  heat() {
    this.state.heat = !this.state.heat;
    const item = this.state.focused;
    if (this.state.heat && item && this.details.get(item.id)?.heat === false) this.say("There is no heat for this photograph", true);
    else this.say(this.state.heat ? "Heat: what the model looked at" : "Heat off", true);
    this.#show();
  }

  info() {
    this.state.info = !this.state.info;
    this.#panel();
    this.bar.render();
  }

  cells(size) {
    this.views.grid.size = size;
    this.views.grid.layout();
  }

  help() {
    if (!document.querySelector("dialog.help")) showHelp(() => this.home());
  }

  // Keyboard focus back on the photographs.
  home() {
    const root = this.many?.board ?? (document.body.dataset.view === "empty" ? byId("view") : this.current.root);
    root.focus({ preventScroll: true });
  }

  say(text, seen = false) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => { byId("said").textContent = text; }, 60);
    if (!seen) return;
    byId("toast").textContent = text;
    byId("toast").classList.add("there");
    clearTimeout(this.toasting);
    this.toasting = setTimeout(() => byId("toast").classList.remove("there"), 2200);
  }

  // --- keys

  #key(event) {
    const found = read(event);
    if (!found || event.defaultPrevented) return;
    event.preventDefault();
    if (event.repeat && !["step", "row", "page"].includes(found.deed)) return;
    const before = this.state.focused?.id;
    this.clock.begin(event.timeStamp);
    this.#do(found, event);
    if (this.state.focused?.id === before) this.clock.forget();
  }

  #do({ deed, key }, event) {
    const back = key === "ArrowLeft" || key === "ArrowUp" || key === "PageUp" || key === "Home";
    const by = back ? -1 : 1;
    const { state } = this;
    if (event.shiftKey && key.startsWith("Arrow") && state.view === "grid") return this.#extend(key);
    switch (deed) {
      case "pick": case "reject": return this.decide({ decision: deed }, true);
      case "unset": return this.decide({ decision: null }, true);
      case "rate": return this.decide({ rating: Number(key) }, true);
      case "color": return this.color(COLORS[key]);
      case "undo": return this.undo();
      case "redo": return this.redo();
      case "advance": state.advance = !state.advance; return this.say(`Going on by itself is ${state.advance ? "on" : "off"}`, true);
      case "step": return this.step(by);
      case "row": return this.#row(by);
      case "page": return this.#page(by);
      case "ends": return this.go(back ? 0 : state.list.length - 1);
      case "grid": return key === "Escape" && closeEnd() ? this.home() : this.view(deed);
      case "loupe": case "compare": case "survey": return this.view(deed);
      case "zoom": return this.#toggleZoom();
      case "heat": return this.heat();
      case "info": return this.info();
      case "size": this.views.grid.resize(key === "-" ? 0.88 : 1.14); this.bar.size.value = this.views.grid.size; return true;
      case "filter": return this.bar.open();
      case "refresh": return this.refresh();
      default: return this.help();
    }
  }

  #extend(key) {
    const { state } = this;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.current.columns, ArrowDown: this.current.columns }[key];
    this.choose(Math.max(0, Math.min(state.list.length - 1, state.place + by)), { through: true });
  }

  #actions() {
    const big = (name, label, key, run) => button(name, label, run, { key, text: label, extra: `act ${name}` });
    byId("actions").replaceChildren(
      button("back", "Previous", () => this.step(-1), { extra: "act" }),
      big("reject", "Reject", "X", () => this.decide({ decision: "reject" }, true)),
      big("unset", "Unset", "U", () => this.decide({ decision: null }, true)),
      big("pick", "Pick", "P", () => this.decide({ decision: "pick" }, true)),
      button("on", "Next", () => this.step(1), { extra: "act" }));
  }
}

async function start() {
  // The token has done its part: the browser has a cookie, and keeps no address with a token in it.
  if (location.search) history.replaceState(null, "", location.pathname);
  window.rushesReview = { ready: false, times: [], sharp: [], focused: () => null, shown: () => null };
  try {
    const session = await ask("api/session");
    if (!session.items.length) {
      byId("view").replaceChildren(fullScreenWords("There is nothing to review", "The folder holds no photograph that can be read."));
      return;
    }
    const review = new Review(session);
    document.title = `${session.title} · rushes review`;
    await review.open(session.opens_on);
    Object.assign(window.rushesReview, {
      times: review.clock.times, sharp: review.clock.sharp,
      focused: () => review.state.focused?.id ?? null,
      shown: () => (review.state.view === "grid" ? review.views.grid.shown() : review.current.focusedStage?.drawn?.id ?? null),
      quality: () => review.current.focusedStage?.drawn?.quality ?? null,
      unsaved: () => review.outbox.unsaved,
      ready: true,
    });
  } catch (error) {
    const closed = error.status === 401 || error.status === 403;
    byId("view").replaceChildren(fullScreenWords(closed ? "This address is no longer valid" : "The server does not answer",
      closed ? "Open the address that rushes review printed when it was started last." : `Start rushes review again, and open the address that it prints. (${error.message})`,
      button(null, "Try again", () => location.reload(), { text: "Try again", extra: "plain" })));
  }
}

start();
