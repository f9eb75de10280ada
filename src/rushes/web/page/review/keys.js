// What the keys of keymap.json do on this tab.

import { COLOUR_KEYS } from "./words.js";

const BACK = new Set(["ArrowLeft", "ArrowUp", "PageUp", "Home"]);
const HELD = new Set(["step", "row", "page", "extend"]); // what a key that is held down does again

/* The acts of a desk, as `app.keys` takes them. In a cull the digits are stars and colours, and P and X decide; in any
   other review each class has its key. */
export function actsOf(desk) {
  const { state, moving, deciding } = desk;
  const by = (name) => (BACK.has(name) ? -1 : 1);
  const acts = {
    unset: () => deciding.decide({ decision: null }, true),
    undo: () => deciding.undo(),
    redo: () => deciding.redo(),
    advance: () => desk.turnAdvance(),
    step: (name) => moving.step(by(name)),
    row: (name) => moving.row(by(name)),
    page: (name) => moving.page(by(name)),
    ends: (name) => moving.ends(by(name)),
    extend: (name) => moving.extend(name.replace("Shift+", "")),
    all: () => moving.all(),
    grid: (name) => (name === "Escape" ? desk.escape() : desk.view("grid")),
    loupe: () => desk.view("loupe"),
    compare: () => desk.view("compare"),
    survey: () => desk.view("survey"),
    zoom: () => desk.toggleZoom(),
    heat: () => desk.heat(),
    info: () => desk.info(),
    size: (name) => desk.resize(name === "-" ? 0.88 : 1.14),
    filter: () => desk.choice(),
    refresh: () => desk.refresh(),
    theirs: () => (state.conflicts.length ? deciding.keepTheirs() : false),
    mine: () => (state.conflicts.length ? deciding.insist() : false),
    ...(state.classes.culling ? cullingActs(desk) : classActs(desk)),
  };
  return Object.fromEntries(Object.entries(acts).map(([act, run]) => [act, timed(desk, act, run)]));
}

const cullingActs = ({ classes, deciding, deeds }) => ({
  accept: () => deeds.open(),
  pick: () => deciding.decide({ decision: classes.pick }, true),
  reject: () => deciding.decide({ decision: classes.reject }, true),
  rate: (name) => deciding.decide({ rating: Number(name) }, true),
  color: (name) => deciding.color(COLOUR_KEYS[name]),
});

const classActs = ({ classes, deciding }) => ({
  class: (name) => {
    const found = classes.byKey.get(name);
    if (!found) return false;
    return deciding.decide({ decision: found.name }, true);
  },
  accept: () => deciding.accept(),
});

// An act, and how long it takes until what it leads to is on the screen.
function timed(desk, act, run) {
  return (name, event) => {
    if (event.repeat && !HELD.has(act)) return true;
    const before = desk.state.focused?.id;
    desk.begun = true;
    desk.clock.begin(event.timeStamp);
    const done = run(name, event);
    if (desk.state.focused?.id === before) desk.clock.forget();
    return act === "class" || act === "theirs" || act === "mine" ? done : true;
  };
}
