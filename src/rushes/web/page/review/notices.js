// What is said across the page: another person said otherwise, the server is gone, all is decided, there is nothing to show.

import { Button, Message } from "../parts.js";
import { html } from "../view.js";
import { number, plural } from "../words.js";
import { Disc } from "./marks.js";
import { count, disagrees } from "./order.js";
import { ago, DECIDED } from "./words.js";

// Where there is nothing to show: what it is, and what one can do.
export const Words = ({ title, kind = "note", children, act = null }) => html`<div class="opening"><${Message} title=${title} kind=${kind} alert=${kind === "wrong"}>${children}<//>${act && html`<p class="steps">${act}</p>`}</div>`;

// The most urgent thing there is to say; null where there is none.
export function Notice({ state, outbox, ended, deeds }) {
  if (state.conflicts.length) return html`<${Clash} state=${state} deeds=${deeds} />`;
  if (!outbox.reachable) return html`<${Gone} outbox=${outbox} />`;
  return ended ? html`<${End} state=${state} deeds=${deeds} />` : null;
}

// Two people said different things of one sample: neither is overwritten before somebody has chosen, and nobody is
// overruled without hearing of it.
function Clash({ state, deeds }) {
  const [{ id, field, mine, theirs, by, at, overruled }] = state.conflicts;
  const more = state.conflicts.length - 1;
  const item = state.byId.get(id);
  const word = (name) => (name === null ? "nothing" : field === "rating" ? plural(name, "star") : field === "color" ? name : state.classes.culling ? DECIDED[state.classes.word(name)] : html`<${Disc} of=${state.classes.of(name)} /> ${name}`);
  const when = at ? ago(at) : "";
  const said = overruled ? html`<b>${by}</b> said <b>${word(theirs)}</b> over your <b>${word(mine)}</b>${when && `, ${when}`}.`
    : html`<b>${by}</b> ${theirs === null && field === "decision" ? "took the decision away" : html`said <b>${word(theirs)}</b>`}${when && ` ${when}`}; you said <b>${word(mine)}</b>.`;
  return html`<div class="clash-box" role="group" aria-label="Two people said different things"><${Message} icon="differ">
      <span role="alert">${said} <span class="soft">${item.name}</span></span>
      <span class="steps"><${Button} text=${`Keep ${by}'s`} keys="k" run=${() => deeds.keepTheirs()}><kbd>K</kbd><//><${Button} text=${overruled ? "Mine again" : "Mine"} keys="o" run=${() => deeds.insist()}><kbd>O</kbd><//>
        ${state.focused?.id !== id && state.places.has(id) && html`<${Button} text="Show it" run=${() => deeds.goTo(id)} />`}
        ${more > 0 && html`<span class="soft">and ${plural(more, "more", "more")}:</span><${Button} text="Keep all of theirs" run=${() => deeds.keepTheirs(true)} /><${Button} text="Mine in all" run=${() => deeds.insist(true)} />`}</span><//></div>`;
}

function Gone({ outbox }) {
  const kept = outbox.kept ? "Decisions are kept in this browser, and are sent when it is back." : "This browser keeps nothing: leave this page open until it is back.";
  const said = outbox.replaced ? "Another review is served at this address now. What is unsaved stays in this browser, and is sent when this review is served again."
    : outbox.locked ? "The server was started again under another address. Open the address that it printed; what is unsaved stays here."
    : `The server does not answer. ${kept} You can go on.`;
  return html`<${Message}><span role="status">${said}</span><span class="steps"><${Button} text="Try now" run=${() => outbox.hurry()} /></span><//>`;
}

function End({ state, deeds }) {
  const { classes } = state;
  const against = state.items.filter(disagrees).length;
  const drawn = state.items.filter((item) => item.audited).length;
  const each = classes.culling ? `${plural(count(state, "picks"), "pick")}, ${plural(count(state, "rejects"), "reject")}`
    : [...state.tally].filter(([, found]) => found).map(([name, found]) => `${name} ${number(found)}`).join(", ");
  const go = (filter, text) => html`<${Button} text=${text} run=${() => { deeds.closeEnd(); deeds.list({ filter }); }} />`;
  return html`<${Message} kind="note" icon="done" title=${`All ${number(state.items.length)} are decided`}>
    <span role="status">${each}. They are labels of the task ${state.task} already: there is nothing to save.</span>
    <span class="steps">${classes.culling && go("picks", "The picks")}${against > 0 && go("disagreements", classes.culling ? plural(against, "disagreement with the cull", "disagreements with the cull") : plural(against, "disagreement with the model", "disagreements with the model"))}
      ${drawn > 0 && go("audit", "The audit sample")}${classes.culling && go("rejects", "The rejects")}
      <${Button} icon="close" text="Close" run=${() => { deeds.closeEnd(); deeds.home(); }} /></span><//>`;
}
