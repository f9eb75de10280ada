// Time from left to right: scenes and dialogues, the shots, who is seen, what is said of them, and the labels.

import { Component, hooks, html } from "../view.js";
import { colourOf } from "../colours.js";
import { clock, percent } from "../words.js";
import { tasksOf } from "./filters.js";
import { SIDES } from "./structure.js";
import { classesOf } from "./words.js";

const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const MOST_TICKS = 8;
const LEAST_SECONDS = 4; // that are seen at once
const MOST_PEOPLE = 3; // with a row of their own; of the others, the one that is looked at
const ROW = "1.25rem", LOW_ROW = ".8rem";

// How far a film can be enlarged: twice as wide each time.
export const deepest = (film) => 2 ** Math.max(0, Math.floor(Math.log2((film?.duration_seconds ?? 1) / LEAST_SECONDS)));

// For the eye and the pointer: all that is on it stands in the list of shots and in the slider of time as well.
export function Ruler({ film, model, shots, seen, at, seconds, zoom, person, does }) {
  const total = film.duration_seconds || 1, scroller = hooks.useRef(null), before = hooks.useRef(zoom);
  const rows = hooks.useMemo(() => rowsOf(film, model, shots, person), [film, model, shots, person]);
  hooks.useLayoutEffect(() => { // what is at hand stays in sight
    if (zoom === 1) { before.current = 1; return; }
    const box = scroller.current, width = box.scrollWidth, head = (width * seconds) / total;
    if (before.current !== zoom) box.scrollLeft = head - box.clientWidth / 2;
    else if (head < box.scrollLeft || head > box.scrollLeft + box.clientWidth) box.scrollLeft = head - box.clientWidth * 0.1;
    before.current = zoom;
  }, [seconds, zoom]);
  const press = (event) => {
    const number = Number(event.target.closest("[data-shot]")?.dataset.shot);
    const box = event.currentTarget.getBoundingClientRect();
    if (number) does.choose(number); else does.seek((total * (event.clientX - box.left)) / box.width);
  };
  const current = shots[at - 1], sizes = { gridTemplateRows: rows.map((row) => row.high).join(" ") };
  return html`<div class="ruler" aria-hidden="true">
    <div class="names" style=${sizes}>${rows.map((row) => html`<span key=${row.key} class=${row.high === LOW_ROW ? "low" : ""}>${row.name}</span>`)}</div>
    <div class="wide" ref=${scroller}><div class="axis" style=${{ ...sizes, width: `${100 * zoom}%` }} onClick=${press}>
      <${Rows} rows=${rows} seen=${seen} total=${total} zoom=${zoom} />
      ${current && html`<i class="chosen" style=${{ left: `${(100 * current.start_seconds) / total}%`, width: `${(100 * (current.stop_seconds - current.start_seconds)) / total}%` }} />`}
      <i class="head" style=${{ transform: `translateX(${(100 * Math.min(seconds, total)) / total}%)` }} />
    </div></div></div>`;
}

// What stands on the ruler: [{key, name, high, bars: [{from, to, …}]}, …]
function rowsOf(film, model, shots, person) {
  const span = (shot) => ({ from: shot.start_seconds, to: shot.stop_seconds, shot: shot.number });
  const scenes = model?.scenes.map((one) => ({ from: one.start_seconds, to: one.stop_seconds, shot: one.first_shot, text: one.scene, look: "scene", title: `Scene ${one.scene}` })) ?? [];
  const people = model?.characters.filter((one) => one.character <= MOST_PEOPLE || one.character === person) ?? [];
  return [
    { key: "ticks", name: "", high: ROW },
    ...(scenes.length ? [{ key: "scenes", name: "scenes", high: ROW, bars: scenes }] : []),
    ...(model?.dialogues.length ? [{ key: "talk", name: "dialogues", high: ROW, bars: model.dialogues.flatMap((one) => spoken(one, shots, span)) }] : []),
    ...(shots.length ? [{ key: "shots", name: model ? "set-ups" : "shots", high: ROW, bars: shots.map((shot) => ({ ...span(shot), dims: true, ...(model ? setup(model, shot.number) : {}) })) }] : []),
    ...people.map((one) => ({ key: `who${one.character}`, name: one.title, high: LOW_ROW, bars: one.shots.map((number) => ({ ...span(shots[number - 1]), look: "who", title: one.title })) })),
    ...tasksOf(film).map((task) => {
      const classes = classesOf(film, task);
      return { key: task, name: task, high: ROW, bars: shots.filter((shot) => shot.answers[task]).map((shot) => ({ ...span(shot), dims: true, look: "said", text: shot.answers[task].class, title: `${shot.answers[task].class} ${percent(shot.answers[task].probability)}`, background: colourOf(classes, shot.answers[task].class).background })) };
    }),
    ...[...new Set(film.label_list.map((one) => one.task))].map((task) => ({
      key: `label:${task}`, name: `${task} labels`, high: ROW,
      marks: film.label_list.filter((one) => one.task === task).map((one) => ({ from: one.start_seconds, to: one.stop_seconds, title: `${one.class}, ${one.origin}`, background: colourOf(classesOf(film, task), one.class).hue })),
    })),
  ];
}

// A dialogue: its frame, and in it one side above the other.
function spoken(talk, shots, span) {
  return [{ from: talk.start_seconds, to: talk.stop_seconds, shot: talk.first_shot, look: "talk", title: `Dialogue ${talk.dialogue}: ${talk.reason}` },
    ...talk.sides.flatMap((side, place) => side.shots.map((number) => ({ ...span(shots[number - 1]), look: `spoken side-${place}`, title: `Dialogue ${talk.dialogue}, side ${SIDES[place]}` })))];
}

// The colour of a set-up that is seen more than once; any other is left grey.
function setup(model, number) {
  const own = model.of(number).setup, place = model.recurring.indexOf(own);
  if (place < 0) return { look: "once", title: own === null ? "blank" : `set-up ${own}` };
  return { look: "setup", title: `set-up ${own}, ${model.setups.get(own)} shots`, background: colourOf(model.recurring, own).background };
}

// Drawn anew only when the film, its filters or the zoom change, not with the time.
class Rows extends Component {
  shouldComponentUpdate(next) { return next.rows !== this.props.rows || next.seen !== this.props.seen || next.zoom !== this.props.zoom; }

  render({ rows, seen, total, zoom }) {
    const shown = new Set(seen.map((shot) => shot.number));
    const place = ({ from, to }) => ({ left: `${(100 * from) / total}%`, width: `${(100 * (to - from)) / total}%` });
    const step = STEPS.find((one) => total / zoom / one <= MOST_TICKS) ?? 3600;
    const ticks = Array.from({ length: Math.floor(total / step) + 1 }, (_, number) => number * step).filter((time) => time < total * (1 - 0.03 / zoom));
    return rows.map((row) => (row.key === "ticks"
      ? html`<div class="row ticks" key="ticks">${ticks.map((time) => html`<span key=${time} style=${{ left: `${(100 * time) / total}%` }}>${clock(time, step < 1 ? 1 : 0)}</span>`)}</div>`
      : html`<div class="row" key=${row.key}>${(row.bars ?? []).map((bar, number) => html`<b key=${number} class=${`${bar.look ?? ""} ${!bar.dims || shown.has(bar.shot) ? "" : "out"}`} data-shot=${bar.shot} title=${bar.title} style=${{ ...place(bar), background: bar.background }}>${bar.text !== undefined && html`<span>${bar.text}</span>`}</b>`)}
        ${(row.marks ?? []).map((mark, number) => html`<u key=${`m${number}`} title=${mark.title} class=${mark.to > mark.from ? "long" : ""} style=${{ ...place(mark), background: mark.background }} />`)}</div>`));
  }
}
