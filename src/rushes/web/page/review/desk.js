// One review on the page: what is shown, when it is drawn, and what surrounds it.

import { Button } from "../parts.js";
import { html, render } from "../view.js";
import { number, plural } from "../words.js";
import { Actions } from "./actions.js";
import { Bar } from "./bar.js";
import { Clock } from "./clock.js";
import { Deciding } from "./deciding.js";
import { Grid } from "./grid.js";
import { Loupe } from "./loupe.js";
import { Many } from "./many.js";
import { Moving, SETS } from "./moving.js";
import { Notice, Words } from "./notices.js";
import { count, FILTERS, onOffer, SORTS, WHOLE } from "./order.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { keepPerson } from "./person.js";
import { Pictures } from "./pictures.js";
import { neighbours } from "./sets.js";
import { State } from "./state.js";

const REST = 90; // ms of standing still before the details of a sample are asked for
const LOOK = 5000; // ms between looks at what others decided
const ORDERS = { "label-error": "error", audit: "drawn", score: "best" }; // as the command names them

export class Desk {
  // `parts` are the elements of the tab: bar, notice, audit, view, panel, actions. `say` reads out, `show` is seen.
  constructor({ session, classes, server, parts, say, show }) {
    this.state = new State(session, classes);
    Object.assign(this, { server, parts, classes, read: say, flash: show });
    this.clock = new Clock();
    this.details = new Map();
    this.ended = false; // all is decided, and it has not been said yet that it is
    this.opened = null; // the dialog that is open: "choice", "name" or none
    this.pictures = new Pictures(server.address, (id, quality) => this.#came(id, quality), (id, quality, away) => this.#failed(id, quality, away));
    this.moving = new Moving(this);
    this.deciding = new Deciding(this);
    this.outbox = new Outbox(server, session.key, {
      revision: session.revision, answers: session.answers,
      replied: (reply, entry) => this.deciding.replied(reply, entry),
      learned: (changes, model) => this.deciding.learned(changes, model),
      refused: (entry, why) => this.deciding.refused(entry, why),
      changed: (back) => this.#outboxChanged(back),
    });
    const look = () => ({ pictures: this.pictures, zoom: this.state.zoom, heat: this.state.heat, cull: this.state.cull });
    const deeds = this.deeds = this.#deeds();
    this.views = {
      grid: new Grid(this.state, deeds, server.address), loupe: new Loupe(this.state, look, deeds, server.address),
      compare: new Many(this.state, look, deeds, "Compare"), survey: new Many(this.state, look, deeds, "Survey"),
    };
  }

  // What buttons and pointers ask for.
  #deeds() {
    const { moving, deciding } = this;
    return {
      classes: this.classes, choose: (place, how) => moving.choose(place, how), open: () => this.view("loupe"), step: (by) => moving.step(by),
      zoom: (zoom) => this.zoom(zoom), decide: (value) => deciding.decide({ decision: value }, true), accept: () => deciding.accept(),
      rate: (rating) => deciding.decide({ rating }, true), color: (color) => deciding.color(color), goTo: (id) => moving.goTo(id), select: (ids) => moving.select(ids), picking: (on) => moving.picking(on),
      heat: () => this.heat(), whySet: () => this.whySet, undo: () => deciding.undo(), redo: () => deciding.redo(),
      info: () => this.info(), view: (name) => this.view(name), refresh: () => this.refresh(), list: (wish) => this.list(wish), home: () => this.home(),
      cells: (size) => this.cells(size), name: (name) => this.name(name), naming: () => this.dialog("name"), choice: () => this.choice(), closeDialog: () => this.dialog(null),
      closeEnd: () => this.closeEnd(), keepTheirs: (all) => deciding.keepTheirs(all), insist: (all) => deciding.insist(all),
    };
  }

  // Show the review, and begin to look at what others decide. `signal` ends with the tab.
  // `opensOn` is a filter and an order.
  async open(opensOn, signal) {
    await this.outbox.open((entries) => {
      for (const { changes } of entries) {
        this.state.show(changes);
        if (this.isOpen) this.changed(changes.map((change) => change.id));
      }
    });
    if (signal.aborted) return;
    this.#first(opensOn);
    const { parts } = this;
    for (const part of [parts.bar, parts.panel, parts.actions]) {
      part.addEventListener("pointerup", (event) => { if (event.target.closest("button")) queueMicrotask(() => this.home()); });
    }
    addEventListener("beforeunload", (event) => { if (this.outbox.unsaved && !this.outbox.kept) event.preventDefault(); }, { signal });
    addEventListener("online", () => this.outbox.hurry(), { signal });
    addEventListener("focus", () => this.outbox.look(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.outbox.look(), { signal });
    this.looking = setInterval(() => document.hidden || this.outbox.look(), LOOK);
    this.views.grid.size = Math.round(innerWidth < 600 ? 118 : Math.min(320, Math.max(150, innerWidth / 6.9)));
    this.view("grid");
    this.isOpen = true;
    this.outbox.send();
    this.audit();
  }

  // One stands at the first that waits for a decision.
  #first([filter, order]) {
    const { state } = this;
    if (onOffer(FILTERS, state).includes(filter) && count(state, filter)) state.choose({ filter });
    const sort = ORDERS[order] ?? order;
    if (sort !== "capture" && onOffer(SORTS, state).includes(sort)) state.choose({ sort });
    this.#stand();
  }

  // Answers have come before anything was done here: the list begins with what they put first.
  begin() {
    this.state.arrange();
    this.#stand();
    this.views.grid.columns = 0;
    this.view(this.state.view);
  }

  #stand() {
    const { state } = this;
    const byLabel = ["disagreement", "error", "drawn"].includes(state.sort); // a label from elsewhere waits for a word too
    state.place = Math.max(0, state.list.findIndex((item) => (byLabel ? !item.own : item.decision === null)));
    this.begun = false; // nothing was pressed yet
  }

  // Leave the page: nothing more is fetched, watched or shown.
  end() {
    clearInterval(this.looking);
    for (const timer of [this.rest, this.saying]) clearTimeout(timer);
    this.outbox.end();
    this.pictures.end();
    for (const view of Object.values(this.views)) view.end();
    this.left = true;
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
    if (name in SETS) this.moving.gather();
    this.#put(this.current.root, name);
    this.current.layout();
    if (name === "grid") {
      this.current.reveal();
      this.current.mark();
    }
    this.show();
    this.home();
  }

  #put(root, name) {
    this.parts.view.replaceChildren(root);
    this.parts.root.dataset.view = name;
  }

  // The picture now; all that stands around it once it is on the screen.
  show() {
    const { state, clock } = this;
    if (state.view !== "grid") clock.drawn(state.focused?.id, this.current.show());
    this.around();
  }

  around() {
    this.#plan();
    this.later();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    this.clock.afterPaint(() => {
      this.waiting = false;
      if (this.left) return;
      this.current.dress?.();
      this.#chrome();
      this.#neighbours();
    });
  }

  #chrome() {
    const { state, parts, outbox, deeds } = this;
    render(html`<${Bar} state=${state} outbox=${outbox} deeds=${deeds} opened=${this.opened} size=${this.views.grid.size} />`, parts.bar);
    render(html`<${Actions} state=${state} deeds=${deeds} />`, parts.actions);
    this.#notice();
    this.#panel();
  }

  #notice() {
    const { state, parts, outbox, deeds, ended } = this;
    const there = state.conflicts.length > 0 || !outbox.reachable || ended;
    parts.notice.hidden = !there;
    render(there ? html`<${Notice} state=${state} outbox=${outbox} ended=${ended} deeds=${deeds} />` : null, parts.notice);
  }

  #plan() {
    const { state, pictures, moving: { direction } } = this;
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
  #neighbours() {
    if (this.state.view === "grid") return;
    for (const at of neighbours(this.state.place, 24, this.moving.direction)) if (this.state.list[at]) this.pictures.thumb(this.state.list[at].id);
  }

  #came(id, quality) {
    if (this.left || this.state.view === "grid" || (quality === "full" && !this.state.zoom)) return;
    const shown = this.current.redraw(id);
    if (shown) {
      this.clock.drawn(id, shown);
      this.later();
    }
  }

  #failed(id, quality, away) {
    if (this.left) return;
    if (away) this.outbox.lost();
    if (quality === "full" && this.state.zoom && this.state.view !== "grid") this.current.redraw(id);
    if (this.many || id === this.state.focused?.id) this.later();
  }

  #panel() {
    const { state, parts } = this;
    const item = state.focused;
    parts.panel.hidden = !state.info;
    if (!item) return;
    if (state.info) render(html`<${Panel} item=${item} state=${state} details=${this.details.get(item.id) ?? null} deeds=${this.deeds} />`, parts.panel);
    clearTimeout(this.rest);
    if ((state.info || state.heat) && (this.details.get(item.id)?.isStale ?? true)) this.rest = setTimeout(() => this.#detail(item), REST);
  }

  async #detail(item) {
    try {
      const found = await this.server.ask(`items/${encodeURIComponent(item.id)}`);
      for (const name of ["decision", "own", "by", "origin", "rating", "color", "error"]) delete found[name]; // these stand in the state
      this.details.set(item.id, { ...found, isStale: false });
    } catch (error) {
      if (error instanceof TypeError) this.outbox.lost();
      return;
    }
    if (this.left || this.state.focused !== item) return;
    if (this.state.heat && !this.details.get(item.id).heat) this.say("There is no heat for this sample", true);
    this.#plan();
    this.#panel();
  }

  // Samples look otherwise now, and more may be known of them.
  changed(ids) {
    for (const id of ids) {
      this.views.grid.update(id);
      if (this.details.has(id)) this.details.get(id).isStale = true;
    }
    this.later();
  }

  #outboxChanged(back) {
    if (this.left) return;
    if (back) {
      this.pictures.again();
      this.views.grid.layout();
      this.show();
    }
    this.later();
  }

  // --- the list

  list(wish) {
    this.state.zoom = null;
    this.state.choose(wish);
    this.state.set = [];
    if (!this.state.list.length) return this.#empty();
    this.views.grid.columns = 0;
    this.view(this.many ? "grid" : this.state.view);
    this.audit();
    this.say(plural(this.state.list.length, "sample"));
  }

  refresh() {
    this.list({});
  }

  #empty() {
    const { view } = this.parts;
    const place = document.createElement("div");
    this.#put(place, "empty");
    const all = () => this.list({ filter: "all", narrow: WHOLE });
    render(html`<${Words} title="No sample matches" act=${html`<${Button} text="Show all" run=${all} />`}>The list holds none that is wanted here.<//>`, place);
    this.#chrome();
    this.audit();
    if (!this.opened) view.focus({ preventScroll: true });
  }

  async audit() {
    const { state, parts: { audit } } = this;
    audit.hidden = state.filter !== "audit" && state.sort !== "drawn";
    if (audit.hidden) return;
    try {
      const found = await this.server.ask("audit");
      render(html`<b>${number(found.looked_at)} of ${number(found.drawn)} looked at</b>${state.cull && html`<span class="misses">${plural(found.misses, "keeper missed", "keepers missed")}</span>`}<span>${found.sentence}</span>`, audit);
    } catch {
      if (!audit.childElementCount) render(html`<span>The tally of the audit comes when the server answers.</span>`, audit);
    }
  }

  // --- looking

  zoom(zoom) {
    this.state.zoom = zoom;
    if (this.state.view === "grid" || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.state.view === "grid" || this.left) return;
      this.current.show();
      this.around();
    });
  }

  toggleZoom() {
    if (this.state.view === "grid") return this.view("loupe");
    const stage = this.many ? this.current.pointedStage : this.current.focusedStage;
    if (stage) this.zoom(stage.toggled());
    return true;
  }

  heat() {
    this.state.heat = !this.state.heat;
    const item = this.state.focused;
    if (this.state.heat && item && this.details.get(item.id)?.heat === false) this.say("There is no heat for this sample", true);
    else this.say(this.state.heat ? "Heat: what the model looked at" : "Heat off", true);
    this.show();
  }

  info() {
    this.state.info = !this.state.info;
    this.#chrome();
  }

  cells(size) {
    this.views.grid.size = size;
    this.views.grid.layout();
    this.later();
  }

  resize(factor) {
    this.views.grid.resize(factor);
    this.later();
  }

  turnAdvance() {
    this.state.advance = !this.state.advance;
    this.say(`Going on by itself is ${this.state.advance ? "on" : "off"}`, true);
  }

  choice() {
    this.dialog(this.opened === "choice" ? null : "choice");
  }

  // Open a dialog; null closes the one that is open.
  dialog(name) {
    if (this.opened === name) return;
    this.opened = name;
    this.#chrome();
    this.home();
  }

  closeEnd() {
    const was = this.ended;
    this.ended = false;
    this.#notice();
    return was;
  }

  // What is over the grid goes first, then the selection, then the view.
  escape() {
    if (this.opened) this.dialog(null);
    else if (this.closeEnd()) this.home();
    else if (!this.moving.none()) this.view("grid");
  }

  // Decide under another name from now on; the server says in which form labels bear it.
  name(name) {
    this.state.person = name;
    keepPerson(name);
    this.dialog(null);
    this.views.grid.layout();
    this.say(`Deciding as ${name}`, true);
    this.later();
  }

  // Keyboard focus back on the samples.
  home() {
    if (this.opened) return;
    const root = this.many?.board ?? (this.parts.root.dataset.view === "empty" ? this.parts.view : this.current.root);
    root.focus({ preventScroll: true });
  }

  say(text, seen = false) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => this.read(text), 60);
    if (seen) this.flash(text);
  }
}
