// Decisions: of one sample or of all that are selected, taken back, refused, and said otherwise by another person.

import { plural } from "../words.js";
import { keepPerson } from "./person.js";
import { describe } from "./words.js";

export class Deciding {
  constructor(desk) {
    this.desk = desk;
  }

  get state() {
    return this.desk.state;
  }

  // Give what is meant these marks; one step, which one undo takes back.
  decide(marks, advances = false) {
    if (!this.#isMeant()) return;
    this.#do(this.state.meant.map((item) => ({ id: item.id, ...marks })), advances);
  }

  // Take the model's answer for the person's own.
  accept() {
    if (!this.#isMeant()) return;
    const { meant } = this.state;
    const answered = meant.filter((item) => item.answer !== null);
    if (meant.length && !answered.length) {
      this.desk.say("The model has no answer here that could be accepted", true);
      return;
    }
    this.#do(answered.map((item) => ({ id: item.id, decision: item.answer })), true);
  }

  color(color) {
    const { meant } = this.state;
    if (meant.length) this.decide({ color: meant.every((item) => item.color === color) ? null : color });
  }

  // Where taps select and none has, a button has nothing to decide on.
  #isMeant() {
    const { desk, state } = this;
    if (state.meant.length || !state.focused) return state.meant.length > 0;
    desk.say("Nothing is selected yet: tap samples, or press Select again to decide on one after the other", true);
    return false;
  }

  #do(changes, advances) {
    const { desk, state } = this;
    if (!changes.length || this.#outOfSight(changes)) return;
    const many = state.isSelection;
    const before = state.undecided;
    const item = state.byId.get(changes[0].id);
    const isElsewhere = !many && changes[0].decision === null && item.decision !== null && !item.own;
    const step = state.mark(changes);
    state.settle(changes);
    // Advance before the rest is drawn: the next picture is what is waited for.
    const goes = advances && state.advance && !many;
    const went = goes && desk.moving.advance((changes[0].decision ?? null) !== null);
    if (step) this.#send(step);
    desk.changed(changes.map((change) => change.id));
    if (many) {
      if (state.selecting) desk.moving.select([]); // the next taps are of the next decision
      desk.say(step ? `${plural(step.told.length, "sample")} decided at once. Undo takes all of it back` : "All of them say so already", true);
    } else if (isElsewhere) desk.say("A label from elsewhere stands; there is no decision of yours to take away", true);
    else desk.say(went ? `${describe(item, state)}. Next: ${describe(state.focused, state)}` : describe(item, state));
    if (step && state.undecided === 0 && before > 0) desk.ended = true;
  }

  #send(step, over = false) {
    step.request = this.desk.outbox.add({ kind: "decisions", by: this.state.person, changes: step.told, over });
  }

  // Nobody decides on what nobody sees: the first key brings the ring back. What was selected was seen.
  #outOfSight(changes) {
    const { desk } = this;
    if (desk.state.view !== "grid" || desk.state.isSelection || desk.current.inSight) return false;
    desk.current.reveal();
    desk.say(`Nothing was decided: the ring was out of sight. It is on ${desk.state.focused.name}`, true);
    return true;
  }

  // --- back and forth

  undo() {
    this.#travel("undo", this.state.takeBack());
  }

  redo() {
    this.#travel("redo", this.state.doAgain());
  }

  #travel(kind, step) {
    const { outbox } = this.desk;
    const changes = step && (kind === "undo" ? step.before : step.after);
    outbox.add({ kind, by: this.state.person, changes: changes ?? [], of: step?.request ?? null });
    if (changes) this.#goThere(changes);
    if (outbox.reachable) return; // what stands then, the server says
    if (changes) this.#tell(kind, changes);
    else this.desk.say(`The server knows what to ${kind}: it is done when the server is back`, true);
  }

  #goThere(changes) {
    const { desk, state } = this;
    if (!changes.length) return;
    const place = state.places.get(changes[0].id);
    if (place !== undefined) desk.moving.go(place, { keep: changes.length > 1 });
    desk.changed(changes.map((change) => change.id));
  }

  // What was undone, or done again, and what stands now.
  #tell(kind, changes) {
    const { desk, state } = this;
    const known = changes.filter((change) => state.byId.has(change.id));
    if (!known.length) return;
    const said = known.length > 1 ? plural(known.length, "sample") : describe(state.byId.get(known[0].id), state);
    desk.say(`${kind === "undo" ? "Undone" : "Done again"}: ${said}`, true);
  }

  // --- what the server says

  replied(reply, entry) {
    const { desk, state } = this;
    this.#known(reply.by, entry.by);
    const changes = this.#take(reply.changes);
    const clashes = reply.conflicts ?? [];
    if (clashes.length) this.#clashed(clashes, entry);
    if (reply.step === null && entry.kind === "decisions") state.drop(entry.request);
    if (reply.step === null && entry.of) {
      state.drop(entry.of);
      if (!clashes.length) desk.say(`Nothing is ${entry.kind === "undo" ? "undone" : "done again"}: it was changed elsewhere since`, true);
    }
    if (entry.kind !== "decisions" && reply.step !== null) {
      if (!entry.changes.length) this.#goThere(changes);
      this.#tell(entry.kind, entry.changes.length ? entry.changes : reply.changes);
    } else if (entry.kind !== "decisions" && !entry.of) {
      state.nothing(entry.kind);
      desk.say(`There is nothing left to ${entry.kind}`, true);
    }
    if (!desk.outbox.unsaved) desk.audit();
  }

  // The form in which labels bear the name that was given.
  #known(form, given) {
    const { desk, state } = this;
    if (typeof form !== "string" || form === given || state.person !== given) return;
    state.person = form;
    keepPerson(form);
    desk.views.grid.layout();
  }

  // What others decided, and what a model answered. Nobody is overruled without hearing of it.
  learned(told, model = null) {
    const { desk, state } = this;
    if (model) state.model = model;
    const overruled = state.overruled(told.filter((change) => !desk.outbox.touches(change.id)));
    const back = told.filter((change) => state.conflicts.some((one) => one.id === change.id && one.overruled && one.mine === change.decision && change.by === state.person));
    state.settle([...back, ...overruled]);
    state.conflicts = [...state.conflicts, ...overruled];
    return this.#take(told);
  }

  // Show what the server says, but for what this page has decided since.
  #take(told) {
    const { desk, state } = this;
    state.learn(told);
    if (state.unordered && !desk.begun) desk.begin();
    const changes = told.filter((change) => state.byId.has(change.id) && !desk.outbox.touches(change.id));
    state.show(changes);
    desk.changed(told.map((change) => change.id));
    return changes;
  }

  refused(entry, why) {
    const before = this.state.forget(entry.request);
    if (before) this.desk.changed(before.map((change) => change.id));
    this.desk.say(`The server refused a decision, which is taken back: ${why}`, true);
  }

  // --- two people

  // The others' word stands, and is shown, until somebody has chosen.
  #clashed(clashes, entry) {
    const { desk, state } = this;
    const ids = new Set(clashes.map((one) => one.id));
    const mine = new Map(entry.changes.map((change) => [change.id, change]));
    state.spare(entry.request, ids);
    const known = state.conflicts.filter((one) => !ids.has(one.id));
    const found = clashes.filter(({ id }) => state.byId.has(id)).map(({ id, field = "decision", by, at, ...values }) => (
      { id, field, theirs: values[field] ?? null, mine: mine.get(id)?.[field] ?? null, by, at }));
    state.conflicts = [...known, ...found];
    state.show(found.filter(({ id }) => !desk.outbox.touches(id)).map(({ id, field, theirs, by }) => (
      field === "decision" ? { id, decision: theirs, own: theirs !== null, by, origin: `review:${by}` } : { id, [field]: theirs })));
    desk.changed([...ids]);
    desk.say(`${plural(ids.size, "sample")} left as ${found[0]?.by ?? "another person"} has ${ids.size > 1 ? "them" : "it"}`, true);
  }

  keepTheirs(all = false) {
    const settled = this.#settle(all);
    if (settled.length) this.desk.say(`Kept as ${settled[0].by} has it`, true);
  }

  insist(all = false) {
    const settled = this.#settle(all);
    if (!settled.length) return;
    const step = this.state.mark(settled.map(({ id, field, mine }) => ({ id, [field]: mine })));
    if (step) this.#send(step, true);
    this.desk.changed(settled.map(({ id }) => id));
    this.desk.say(`Yours stands now: ${settled.length > 1 ? plural(settled.length, "sample") : describe(this.state.byId.get(settled[0].id), this.state)}`, true);
  }

  #settle(all) {
    const { state } = this;
    const settled = state.conflicts.slice(0, all ? undefined : 1);
    state.conflicts = state.conflicts.slice(settled.length);
    this.desk.changed(settled.map(({ id }) => id));
    return settled;
  }
}
