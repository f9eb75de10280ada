// Time from left to right: the shots, what is said of them, and the labels, one row each.

import { Component, html } from "../view.js";
import { colourOf } from "../colours.js";
import { clock, percent } from "../words.js";
import { classesOf } from "./words.js";
import { tasksOf } from "./film.js";

const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const MOST_TICKS = 8;

// For the eye and the pointer: all that is on it stands in the list of shots and in the slider of time as well.
export function Ruler({ film, shots, seen, at, seconds, choose, seek }) {
  const total = film.duration_seconds || 1;
  const here = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    return (total * (event.clientX - box.left)) / box.width;
  };
  const press = (event) => {
    const number = Number(event.target.closest("[data-shot]")?.dataset.shot);
    if (number) choose(number); else seek(here(event));
  };
  const current = shots[at - 1];
  return html`<div class="ruler" aria-hidden="true">
    <div class="names"><span></span>${shots.length > 0 && html`<span>shots</span>`}${tasksOf(film).map((task) => html`<span key=${task}>${task}</span>`)}${labelled(film).map((task) => html`<span key=${`l${task}`}>${task} labels</span>`)}</div>
    <div class="axis" onClick=${press}>
      <${Rows} film=${film} shots=${shots} seen=${seen} total=${total} />
      ${current && html`<i class="chosen" style=${{ left: `${(100 * current.start_seconds) / total}%`, width: `${(100 * (current.stop_seconds - current.start_seconds)) / total}%` }} />`}
      <i class="head" style=${{ left: `${(100 * Math.min(seconds, total)) / total}%` }} />
    </div></div>`;
}

const labelled = (film) => [...new Set(film.label_list.map((one) => one.task))];

// Drawn anew only when the film or its filters change, not with the time.
class Rows extends Component {
  shouldComponentUpdate(next) { return next.film !== this.props.film || next.seen !== this.props.seen; }

  render({ film, shots, seen, total }) {
    const shown = new Set(seen.map((shot) => shot.number));
    const place = (start, stop) => ({ left: `${(100 * start) / total}%`, width: `${(100 * (stop - start)) / total}%` });
    const step = STEPS.find((one) => total / one <= MOST_TICKS) ?? 3600;
    const ticks = Array.from({ length: Math.floor(total / step) + 1 }, (_, number) => number * step).filter((time) => time < total * 0.97);
    return html`<div class="row ticks">${ticks.map((time) => html`<span key=${time} style=${{ left: `${(100 * time) / total}%` }}>${clock(time, step < 1 ? 1 : 0)}</span>`)}</div>
      ${shots.length > 0 && html`<div class="row">${shots.map((shot) => html`<b key=${shot.number} class=${shown.has(shot.number) ? "" : "out"} data-shot=${shot.number} style=${place(shot.start_seconds, shot.stop_seconds)} />`)}</div>`}
      ${tasksOf(film).map((task) => {
        const classes = classesOf(film, task);
        return html`<div class="row" key=${task}>${shots.filter((shot) => shot.answers[task]).map((shot) => html`
          <b key=${shot.number} class=${`said ${shown.has(shot.number) ? "" : "out"}`} data-shot=${shot.number} title=${`${shot.answers[task].class} ${percent(shot.answers[task].probability)}`}
            style=${{ ...place(shot.start_seconds, shot.stop_seconds), background: colourOf(classes, shot.answers[task].class).background }}><span>${shot.answers[task].class}</span></b>`)}</div>`;
      })}
      ${labelled(film).map((task) => html`<div class="row" key=${`l${task}`}>${film.label_list.filter((one) => one.task === task).map((one, number) => html`
        <u key=${number} title=${`${one.class}, ${one.origin}`} class=${one.stop_seconds > one.start_seconds ? "long" : ""} style=${{ ...place(one.start_seconds, one.stop_seconds), background: colourOf(classesOf(film, task), one.class).hue }} />`)}</div>`)}`;
  }
}
