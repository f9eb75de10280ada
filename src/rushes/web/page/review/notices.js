// What is said across the page: another person said otherwise, the server is gone, all is decided, there is nothing to show.

import { html } from "../view.js";
import { Disc } from "./marks.js";
import { count, disagrees } from "./order.js";
import { Press, Sign } from "./signs.js";
import { ago, DECIDED, number, plural } from "./words.js";

export const Words = ({ title, children }) => html`<section class="words"><h2>${title}</h2>${children}</section>`;

// The most urgent thing there is to say; null where there is none.
export function Notice({ state, outbox, ended, deeds }) {
  if (state.conflicts.length) return html`<${Clash} state=${state} deeds=${deeds} />`;
  if (!outbox.reachable) return html`<${Gone} outbox=${outbox} />`;
  return ended ? html`<${End} state=${state} deeds=${deeds} />` : null;
}

// Two people said different things of one sample: neither is overwritten before somebody has chosen.
function Clash({ state, deeds }) {
  const [{ id, field, mine, theirs, by, at }] = state.conflicts;
  const more = state.conflicts.length - 1;
  const item = state.byId.get(id);
  const said = (name) => (name === null ? "nothing" : field === "rating" ? plural(name, "star") : field === "color" ? name : state.classes.culling ? DECIDED[state.classes.word(name)] : html`<${Disc} of=${state.classes.of(name)} /> ${name}`);
  return html`<div class="clash-box" role="group" aria-label="Two people said different things"><${Sign} name="differ" />
    <div><p role="alert"><b>${by}</b> ${theirs === null && field === "decision" ? "took the decision away" : html`said <b>${said(theirs)}</b>`}${at ? ` ${ago(at)}` : ""}; you said <b>${said(mine)}</b>. <span class="soft">${item.name}</span></p>
      <p class="steps"><${Press} text=${`Keep ${by}'s`} keys="k" look="plain" run=${() => deeds.keepTheirs()}><kbd>K</kbd><//><${Press} text="Mine" keys="o" look="plain" run=${() => deeds.insist()}><kbd>O</kbd><//>
        ${state.focused?.id !== id && state.places.has(id) && html`<${Press} text="Show it" look="plain" run=${() => deeds.goTo(id)} />`}
        ${more > 0 && html`<span class="soft">and ${plural(more, "more", "more")}:</span><${Press} text="Keep all of theirs" look="plain" run=${() => deeds.keepTheirs(true)} /><${Press} text="Mine in all" look="plain" run=${() => deeds.insist(true)} />`}</p></div></div>`;
}

function Gone({ outbox }) {
  const kept = outbox.kept ? "Decisions are kept in this browser, and are sent when it is back." : "This browser keeps nothing: leave this page open until it is back.";
  const said = outbox.replaced ? "Another review is served at this address now. What is unsaved stays in this browser, and is sent when this review is served again."
    : outbox.locked ? "The server was started again under another address. Open the address that it printed; what is unsaved stays here."
    : `The server does not answer. ${kept} You can go on.`;
  return html`<${Sign} name="unsaved" /><p role="status">${said}</p><${Press} text="Try now" look="plain" run=${() => outbox.hurry()} />`;
}

function End({ state, deeds }) {
  const { classes } = state;
  const against = state.items.filter(disagrees).length;
  const drawn = state.items.filter((item) => item.audited).length;
  const each = classes.culling ? `${plural(count(state, "picks"), "pick")}, ${plural(count(state, "rejects"), "reject")}`
    : [...state.tally].filter(([, found]) => found).map(([name, found]) => `${name} ${number(found)}`).join(", ");
  const go = (filter, text) => html`<${Press} text=${text} look="plain" run=${() => { deeds.closeEnd(); deeds.list({ filter }); }} />`;
  return html`<${Sign} name="saved" /><div><h2>All ${number(state.items.length)} are decided</h2>
    <p role="status">${each}. They are labels of the task ${state.task} already: there is nothing to save.</p>
    <p class="steps">${classes.culling && go("picks", "The picks")}${against > 0 && go("disagreements", classes.culling ? plural(against, "disagreement with the cull", "disagreements with the cull") : plural(against, "disagreement with the model", "disagreements with the model"))}
      ${drawn > 0 && go("audit", "The audit sample")}${classes.culling && go("rejects", "The rejects")}</p></div>
    <${Press} sign="close" label="Close" run=${() => { deeds.closeEnd(); deeds.home(); }} />`;
}
