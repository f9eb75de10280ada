// The dialogues of a film: both sides, what speaks for it, and the dialogue alone to play.

import { Button, Message } from "../parts.js";
import { html } from "../view.js";
import { clock, percent, plural } from "../words.js";
import { Picture } from "./films.js";
import { lasting, SIDES, steady } from "./structure.js";
import { pathOf } from "./words.js";

export const Dialogues = steady(({ film, model, does }) => {
  if (!model.dialogues.length) return html`<div class="opening"><${Message} kind="note" title="No dialogue was found">Two set-ups that answer each other are looked for. What says which shots are medium close-ups, or faces, makes it surer: find the scenes again with them.<//></div>`;
  return html`<ul class="talks">${model.dialogues.map((one) => html`<${Dialogue} key=${one.dialogue} film=${film} model=${model} one=${one} does=${does} />`)}</ul>`;
});

function Dialogue({ film, model, one, does }) {
  const shots = one.last_shot - one.first_shot + 1;
  return html`<li class="card dialogue"><div class="pair">${one.sides.map((side, place) => html`<figure key=${place}>
        <${Picture} src=${pathOf(film, "shots", `${side.shots[0]}.jpg`)} />
        <figcaption class="small"><span class=${`side side-${place}`}><span class="unseen">side </span>${SIDES[place]}</span> ${side.character ? model.titleOf(side.character) : `set-up ${[side.setup, ...side.more].join(", ")}`} <span class="soft number">${plural(side.shots.length, "shot")}</span></figcaption></figure>`)}</div>
    <h2>Dialogue ${one.dialogue} <span class="soft number">${percent(one.confidence)} sure</span></h2>
    <p class="soft small number">${one.start_timecode} – ${one.stop_timecode}</p>
    <p class="small">Scene ${one.scene} · ${clock(lasting(one), 1)} long · ${plural(shots, "shot")}${one.cutaways.length > 0 && ` · ${plural(one.cutaways.length, "cutaway")}`}</p>
    <p class="small soft">${one.reason}</p>
    <p class="choice-row"><${Button} icon="play" text="Play it alone" label=${`Play dialogue ${one.dialogue} alone`} run=${() => does.playDialogue(one.dialogue)} />
      <${Button} plain text="Its shots" label=${`Shots of dialogue ${one.dialogue}`} run=${() => does.showOnly("in:dialogue", one.dialogue)} /></p></li>`;
}
