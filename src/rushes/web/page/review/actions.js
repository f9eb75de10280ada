// The buttons below: one per class with its key, and how many stand for it.

import { html } from "../view.js";
import { Disc } from "./marks.js";
import { Press, Sign } from "./signs.js";
import { number, plural } from "./words.js";

export function Actions({ state, deeds }) {
  if (state.classes.culling) return html`<${Culling} deeds=${deeds} />`;
  const { tally, focused, meant } = state;
  const many = meant.length > 1;
  return html`<p class="of">${many ? `${plural(meant.length, "sample")} selected` : ""}</p>
    <${Press} sign="back" label="Previous" run=${() => deeds.step(-1)} look="act go" />
    <div class="classes" role="group" aria-label=${many ? "Decide on all that are selected" : "Decide"}>${state.classes.all.map((one) => html`
      <button key=${one.name} type="button" class="button act" title=${one.key ? `${one.name} (${one.key.toUpperCase()})` : one.name} aria-keyshortcuts=${one.key?.toUpperCase()}
        aria-pressed=${String(!many && focused?.own && focused.decision === one.name)} onClick=${() => deeds.decide(one.name)}>
        <${Disc} of=${one} /><span class="name">${one.name}</span><span class="found">${number(tally.get(one.name))}</span></button>`)}</div>
    ${state.answers && html`<button type="button" class="button act accept" title="Accept the model's answer (Enter)" aria-keyshortcuts="Enter" onClick=${deeds.accept}><${Sign} name="up" /><span>Accept</span><kbd>Enter</kbd></button>`}
    <button type="button" class="button act unset" title="Take the decision away (U)" aria-keyshortcuts="U" onClick=${() => deeds.decide(null)}><${Sign} name="unset" /><span>Unset</span><kbd>U</kbd></button>
    <${Press} sign="on" label="Next" run=${() => deeds.step(1)} look="act go" />`;
}

function Culling({ deeds }) {
  const big = (name, text, keys, value) => html`<${Press} sign=${name} text=${text} keys=${keys} look=${`act ${name}`} run=${() => deeds.decide(value)} />`;
  return html`<${Press} sign="back" label="Previous" run=${() => deeds.step(-1)} look="act go" />
    ${big("reject", "Reject", "x", deeds.classes.reject)}${big("unset", "Unset", "u", null)}${big("pick", "Pick", "p", deeds.classes.pick)}
    <${Press} sign="on" label="Next" run=${() => deeds.step(1)} look="act go" />`;
}
