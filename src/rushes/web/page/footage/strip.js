// The shots as a strip of pictures that wraps, by scenes where they are known: all alike, or as wide as they last.

import { Component, html } from "../view.js";
import { Picture } from "./films.js";
import { clock, percent, plural } from "../words.js";
import { lasting, SIDES, steady } from "./structure.js";
import { pathOf, Sign } from "./words.js";

const LEAST_REM = 5.5, REM_A_SECOND = 2.2, MOST_REM = 40;

export const Strip = steady(({ film, model, shots, at, even, does }) => html`<div class=${`strip ${even ? "even" : ""}`}>
  ${model ? byScene(model, shots).map(([scene, within]) => html`<${Scene} key=${scene.scene} film=${film} model=${model} scene=${scene} shots=${within} at=${at >= scene.first_shot && at <= scene.last_shot ? at : 0} even=${even} does=${does} />`)
    : html`<${Shots} film=${film} shots=${shots} at=${at} even=${even} does=${does} label="Shots" />`}
</div>`);

// at: number of the shot that is chosen, 0 where it is of another scene, which then is not drawn anew.
const Scene = steady(({ film, model, scene, shots, at, even, does }) => html`<section class="scene" aria-label=${`Scene ${scene.scene}`}>
  <${SceneHead} model=${model} scene=${scene} current=${at > 0} does=${does} />
  <${Shots} film=${film} model=${model} shots=${shots} at=${at} even=${even} does=${does} label=${`Shots of scene ${scene.scene}`} /></section>`);

const Shots = ({ film, model, shots, at, even, does, label }) => html`<ol class="shots" aria-label=${label}>${shots.map((shot) => html`
  <${Shot} key=${shot.number} film=${film} model=${model} shot=${shot} current=${shot.number === at} even=${even} does=${does} />`)}</ol>`;

const grouped = new WeakMap(); // shots that are shown -> by scene: the same ones as long as they are

function byScene(model, shots) {
  const known = grouped.get(shots);
  if (known?.model === model) return known.groups;
  const groups = [];
  for (const shot of shots) {
    const scene = model.sceneOf(shot.number);
    if (groups.at(-1)?.[0] !== scene) groups.push([scene, []]);
    groups.at(-1)[1].push(shot);
  }
  grouped.set(shots, { model, groups });
  return groups;
}

const SceneHead = steady(({ model, scene, current, does }) => {
  const talks = model.dialogues.filter((one) => one.scene === scene.scene), names = model.namesIn(scene);
  return html`<header class="scene-head"><h2><a href=${`#/footage/${model.table.source}?shot=${scene.first_shot}`} aria-current=${current ? "true" : undefined}
      onClick=${(event) => { event.preventDefault(); does.choose(scene.first_shot, { play: true }); }}>Scene ${scene.scene}</a></h2>
    <p class="soft small number">${clock(scene.start_seconds)} · ${clock(lasting(scene), 1)} long · ${plural(scene.last_shot - scene.first_shot + 1, "shot")}${scene.scene > 1 && html` · <span title="How sure it is that a scene begins here">${percent(scene.confidence)} sure</span>`}</p>
    ${names.length > 0 && html`<p class="small who">${names.join(", ")}</p>`}
    ${talks.map((talk) => html`<button key=${talk.dialogue} type="button" class="chip badge" title=${talk.reason} onClick=${() => does.playDialogue(talk.dialogue)}>dialogue ${talk.dialogue}<span class="unseen">, play it</span></button>`)}
  </header>`;
});

// Drawn anew only when it is chosen or left: a film has thousands.
class Shot extends Component {
  shouldComponentUpdate(next) {
    const { film, model, shot, current, even } = this.props;
    return next.film !== film || next.model !== model || next.shot !== shot || next.current !== current || next.even !== even;
  }

  render({ film, model, shot, current, even, does }) {
    const seconds = shot.stop_seconds - shot.start_seconds;
    const wide = even ? {} : { width: `${Math.min(MOST_REM, Math.max(LEAST_REM, seconds * REM_A_SECOND))}rem` };
    return html`<li style=${wide}><a class="shot" href=${`#/footage/${film.source}?shot=${shot.number}`} aria-current=${current ? "true" : undefined}
        onClick=${(event) => { event.preventDefault(); does.choose(shot.number, { play: true }); }}>
      <${Picture} src=${pathOf(film, "shots", `${shot.number}.jpg`)} />
      <span class="line"><b class="number"><span class="unseen">Shot </span>${shot.number}</b><span class="number soft">${seconds.toFixed(1)} s</span></span>
      <span class="line small number soft">${shot.start_timecode}</span>
      ${shot.blank ? html`<span class="line small soft">blank</span>` : Object.entries(shot.answers).map(([task, answer]) => html`
        <span key=${task} class="line small"><span class="answer"><${Sign} task=${task} name=${answer.class} /><span class="unseen">${task} </span>${answer.class}</span><span class="number soft">${percent(answer.probability)}</span></span>`)}
      ${model && html`<${Place} model=${model} number=${shot.number} />`}
    </a></li>`;
  }
}

// Which camera position it is, and whose side of a dialogue.
function Place({ model, number }) {
  const own = model.of(number), side = model.sideOf(number), talk = model.dialogueOf(number);
  if (!model.recurring.includes(own.setup) && !talk) return null;
  return html`<span class="line small"><span class="soft">${own.setup === null ? "" : `set-up ${own.setup}`}</span>
    ${talk && html`<span class=${`side side-${side ?? "none"}`}>${side === null ? "cutaway" : html`<span class="unseen">side </span>${SIDES[side]}`}</span>`}</span>`;
}
