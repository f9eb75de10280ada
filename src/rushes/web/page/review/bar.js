// The bar above: views, the list, how far one has come, whether all is saved, who decides.

import { Icon } from "../icons.js";
import { Button } from "../parts.js";
import { html } from "../view.js";
import { number, plural } from "../words.js";
import { Choice } from "./choice.js";
import { NameDialog } from "./person.js";

const VIEWS = { grid: ["Grid", "g"], loupe: ["Loupe", "e"], compare: ["Compare", "c"], survey: ["Survey", "n"] };

// `opened` is the dialog that is open: "choice", "name" or null.
export function Bar({ state, outbox, deeds, opened, size }) {
  const { stale, unordered } = state;
  const gone = stale ? `${number(stale)} no longer ${stale === 1 ? "matches" : "match"}` : unordered ? `${number(unordered)} answered since` : "";
  return html`<h1 title=${`${state.task}: ${state.title}`}><b>${state.task}</b>${state.title !== state.task && html` <span>${state.title}</span>`}</h1>
    <nav class="views" aria-label="Views">${Object.entries(VIEWS).map(([name, [label, key]]) => html`
      <${Button} key=${name} icon=${name} text=${label} keys=${key} run=${() => deeds.view(name)} aria-pressed=${String(name === state.view)} />`)}</nav>
    <${Button} icon="filter" text=${`${state.says} · ${number(state.list.length)}`} label=${`Filter and order: ${state.says}, ${number(state.list.length)}`} keys="f" look="list" run=${deeds.choice} aria-haspopup="dialog" />
    <${Button} icon="select" text="Select" label="Select by tapping" look="picking" run=${() => deeds.picking(!state.selecting)} aria-pressed=${String(state.selecting)} hidden=${state.view !== "grid"} />
    <${Button} text=${gone || " "} label=${gone ? `Make the list anew: ${gone}` : "Make the list anew"} keys="r" run=${deeds.refresh} look=${gone ? "stale there" : "stale"} tabindex=${gone ? 0 : -1} />
    <span class="room" />
    <input type="range" class="size" min="84" max="480" step="2" aria-label="Size of the cells" value=${size} hidden=${state.view !== "grid"}
      onInput=${(event) => deeds.cells(Number(event.target.value))} onChange=${deeds.home} />
    ${state.model?.done < state.model?.total && html`<span class="soft answers" role="status">The model has answered ${number(state.model.done)} of ${number(state.model.total)}</span>`}
    <${Tally} state=${state} />
    <${Saved} outbox=${outbox} />
    <${Button} icon="person" text=${state.person || "nameless"} label=${`Deciding as ${state.person || "nameless"}; another name`} look="who" run=${deeds.naming} aria-haspopup="dialog" />
    <span class="tools"><${Button} icon="undo" label="Undo" keys="Ctrl+z" run=${deeds.undo} /><${Button} icon="redo" label="Redo" keys="Ctrl+Shift+z" run=${deeds.redo} />
      <${Button} icon="info" label="Answers, reasons and camera" keys="i" run=${deeds.info} aria-pressed=${String(state.info)} /></span>
    ${opened === "choice" && html`<${Choice} state=${state} deeds=${deeds} gone=${gone} />`}
    ${opened === "name" && html`<${NameDialog} person=${state.person} give=${deeds.name} close=${deeds.closeDialog} />`}`;
}

// How many are decided of all, and how many of them for which class.
function Tally({ state }) {
  const { decided, classes } = state;
  const all = state.items.length;
  const others = state.items.filter((item) => item.decision !== null && !item.own).length;
  const said = others ? `${number(decided - others)} decided here, ${number(others)} labelled, of ${number(all)}` : `${number(decided)} of ${number(all)} decided`;
  const tally = [...state.tally].filter(([, found]) => found);
  const each = tally.map(([name, found]) => `${classes.culling ? plural(found, classes.word(name) ?? name) : `${name} ${number(found)}`}`).join(", ");
  const parts = classes.culling ? [["", decided]] : tally;
  return html`<div class="decided" role="progressbar" aria-label="Decided" aria-valuemin="0" aria-valuemax=${all} aria-valuenow=${decided} aria-valuetext=${each ? `${said}: ${each}` : said} title=${each || said}>
    <span class="whole">${said}</span><span class="short">${number(decided)} / ${number(all)}</span><i>${parts.map(([name, found]) => html`<b key=${name} style=${{ width: `${all ? (100 * found) / all : 0}%`, background: name ? classes.of(name).colour.background : undefined }} />`)}</i></div>`;
}

function Saved({ outbox }) {
  const waits = outbox.unsaved && (!outbox.reachable || outbox.unsaved > 3);
  const said = waits ? `${plural(outbox.unsaved, "decision")} kept in this browser until the server answers; press to try now` : "Every decision is on the disk";
  return html`<button type="button" class=${waits ? "button saved waits" : "button saved"} title=${said} onClick=${() => outbox.hurry()}>
    <${Icon} name=${waits ? "waits" : "done"} /><span>${waits ? `${number(outbox.unsaved)} unsaved` : "Saved"}</span></button>`;
}
