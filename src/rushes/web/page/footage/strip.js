// The shots as a strip of pictures that wraps: all alike, or as wide as they last.

import { Component, html } from "../view.js";
import { Picture } from "./films.js";
import { percent } from "../words.js";
import { pathOf, Sign } from "./words.js";

const LEAST_REM = 5.5, REM_A_SECOND = 2.2, MOST_REM = 40;

export function Strip({ film, shots, at, even, choose }) {
  return html`<ol class=${`strip ${even ? "even" : ""}`} aria-label="Shots">${shots.map((shot) => html`
    <${Shot} key=${shot.number} film=${film} shot=${shot} current=${shot.number === at} even=${even} choose=${choose} />`)}</ol>`;
}

// Drawn anew only when it is chosen or left: a film has thousands.
class Shot extends Component {
  shouldComponentUpdate(next) {
    const { film, shot, current, even } = this.props;
    this.choose = next.choose;
    return next.film !== film || next.shot !== shot || next.current !== current || next.even !== even;
  }

  render({ film, shot, current, even, choose }) {
    this.choose = choose;
    const seconds = shot.stop_seconds - shot.start_seconds;
    const wide = even ? {} : { width: `${Math.min(MOST_REM, Math.max(LEAST_REM, seconds * REM_A_SECOND))}rem` };
    return html`<li style=${wide}><a class="shot" href=${`#/footage/${film.source}?shot=${shot.number}`} aria-current=${current ? "true" : undefined}
        onClick=${(event) => { event.preventDefault(); this.choose(shot.number, { play: true }); }}>
      <${Picture} src=${pathOf(film, "shots", `${shot.number}.jpg`)} />
      <span class="line"><b class="number"><span class="unseen">Shot </span>${shot.number}</b><span class="number soft">${seconds.toFixed(1)} s</span></span>
      <span class="line small number soft">${shot.start_timecode}</span>
      ${shot.blank ? html`<span class="line small soft">blank</span>` : Object.entries(shot.answers).map(([task, answer]) => html`
        <span key=${task} class="line small"><span class="answer"><${Sign} task=${task} name=${answer.class} /><span class="unseen">${task} </span>${answer.class}</span><span class="number soft">${percent(answer.probability)}</span></span>`)}
    </a></li>`;
  }
}
