// The buttons below: one per class with its key, and how many stand for it.

import { Button } from "../parts.js";
import { html } from "../view.js";
import { number, plural } from "../words.js";
import { Disc, Mark } from "./marks.js";

export function Actions({ state, deeds }) {
  if (state.classes.culling) return html`<${Culling} deeds=${deeds} />`;
  const { tally, focused, meant } = state;
  const many = state.isSelection;
  return html`<p class="of">${many ? `${plural(meant.length, "sample")} selected` : ""}</p>
    <${Button} icon="back" label="Previous" run=${() => deeds.step(-1)} look="act go" />
    <div class="classes" role="group" aria-label=${many ? "Decide on all that are selected" : "Decide"}>${state.classes.all.map((one) => html`
      <button key=${one.name} type="button" class="button act" title=${one.key ? `${one.name} (${one.key.toUpperCase()})` : one.name} aria-keyshortcuts=${one.key?.toUpperCase()}
        aria-pressed=${String(!many && focused?.own && focused.decision === one.name)} onClick=${() => deeds.decide(one.name)}>
        <${Disc} of=${one} /><span class="name">${one.name}</span><span class="found">${number(tally.get(one.name))}</span></button>`)}</div>
    ${state.answers && html`<${Button} icon="up" text="Accept" label="Accept the model's answer" keys="Enter" look="act accept" run=${deeds.accept}><kbd>Enter</kbd><//>`}
    <${Take} deeds=${deeds} />
    <${Button} icon="on" label="Next" run=${() => deeds.step(1)} look="act go" />`;
}

// Take the decision away.
const Take = ({ deeds }) => html`<button type="button" class="button act unset" title="Take the decision away (U)" aria-label="Unset: take the decision away" aria-keyshortcuts="U" onClick=${() => deeds.decide(null)}>
  <${Mark} name="unset" /><span>Unset</span><kbd>U</kbd></button>`;

function Culling({ deeds }) {
  const big = (name, text, key, value) => html`<button type="button" class=${`button act ${name}`} title=${`${text} (${key})`} aria-keyshortcuts=${key} onClick=${() => deeds.decide(value)}><${Mark} name=${name} /><span>${text}</span></button>`;
  return html`<${Button} icon="back" label="Previous" run=${() => deeds.step(-1)} look="act go" />
    ${big("reject", "Reject", "X", deeds.classes.reject)}${big("unset", "Unset", "U", null)}${big("pick", "Pick", "P", deeds.classes.pick)}
    <${Button} icon="on" label="Next" run=${() => deeds.step(1)} look="act go" />`;
}
