// The picture that is predicted, with the heat over it.

import { Button, Message } from "../parts.js";
import { html } from "../view.js";
import { percent } from "../words.js";

export function Picture({ item, still, heat, state, deeds }) {
  return html`<figure class="stage" aria-busy=${heat?.busy || still?.busy ? "true" : undefined}>
    ${item.shown !== false ? html`<img key=${item.id} class="picture" src=${item.url} alt=${item.name} onLoad=${() => deeds.shown(item.id, true)} onError=${() => deeds.shown(item.id, false)} />`
      : still?.url ? html`<img class="picture" src=${still.url} alt=${`${item.name}, as the server shows it`} />`
      : html`<${Unseen} item=${item} still=${still} />`}
    ${heat?.url && html`<img class="picture heat" src=${heat.url} style=${{ opacity: state.opacity }} alt=${`Heat map of ${heat.of ?? state.looked}`} />`}
    ${item.shown === false && still?.url && html`<figcaption>This browser cannot show this kind of file. The picture is the server's.</figcaption>`}
  </figure>`;
}

function Unseen({ item, still }) {
  const why = still?.problem ? `The server gives no picture of it either: ${still.problem}` : "The server's picture is on its way.";
  return html`<div class="unseeable"><p><b>${item.name}</b></p><p>This browser cannot show this kind of file. ${why}</p></div>`;
}

// Heat on or off, how strong, and what is wrong with it.
export function HeatControls({ state, on, heat, able, looked, deeds }) {
  return html`<div class="heat-controls card"><div class="choice-row">
      <${Button} icon="heat" text="Heat map" keys="h" aria-pressed=${String(on)} disabled=${!able} run=${deeds.heat} />
      ${on && looked && html`<span class="chip" title="Choose a class by its bar, or with C">of ${looked}</span>`}</div>
    ${on && html`<label class="strength"><span>Strength</span>
      <input type="range" min="0" max="1" step="0.05" value=${state.opacity} aria-valuetext=${percent(state.opacity)} onInput=${(event) => deeds.opacity(Number(event.target.value))} />
      <span class="number">${percent(state.opacity)}</span></label>`}
    ${on && heat?.busy && html`<p class="soft small" role="status">The heat map is being made.</p>`}
    ${on && heat?.problem && html`<${Message} title="No heat map">${heat.problem}<//>`}</div>`;
}
