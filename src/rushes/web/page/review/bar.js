// The bar above: views, the list, how far one has come, whether all is saved, who decides.

import { hooks, html } from "../view.js";
import { Choice } from "./choice.js";
import { Press, Sign } from "./signs.js";
import { number, plural } from "./words.js";

const VIEWS = { grid: ["Grid", "g"], loupe: ["Loupe", "e"], compare: ["Compare", "c"], survey: ["Survey", "n"] };

export function Bar({ state, outbox, deeds, opened, size }) {
  const { stale, unordered } = state;
  const gone = stale ? `${number(stale)} no longer ${stale === 1 ? "matches" : "match"}` : unordered ? `${number(unordered)} answered since` : "";
  return html`<h1 title=${state.title}>${state.title}</h1>
    <nav class="views" aria-label="Views">${Object.entries(VIEWS).map(([name, [label, key]]) => html`
      <${Press} key=${name} sign=${name} text=${label} keys=${key} run=${() => deeds.view(name)} aria-pressed=${String(name === state.view)} />`)}</nav>
    <div class="lists"><button type="button" class="button list" aria-haspopup="dialog" aria-expanded=${String(opened)} aria-keyshortcuts="F" title="Filter and order (F)" onClick=${deeds.choice}>
      <${Sign} name="filter" /><span>${state.says} · ${number(state.list.length)}</span></button>
      ${opened && html`<${Choice} state=${state} deeds=${deeds} gone=${gone} />`}</div>
    <${Press} text=${gone || " "} label="Make the list anew" keys="r" run=${deeds.refresh} look=${gone ? "stale there" : "stale"} tabindex=${gone ? 0 : -1} />
    <span class="room" />
    <input type="range" class="size" min="84" max="480" step="2" aria-label="Size of the cells" value=${size} hidden=${state.view !== "grid"}
      onInput=${(event) => deeds.cells(Number(event.target.value))} onChange=${deeds.home} />
    ${state.model?.done < state.model?.total && html`<span class="soft answers" role="status">The model has answered ${number(state.model.done)} of ${number(state.model.total)}</span>`}
    <${Tally} state=${state} />
    <${Saved} outbox=${outbox} />
    <${Name} state=${state} deeds=${deeds} />
    <span class="tools"><${Press} sign="undo" label="Undo" keys="Ctrl+z" run=${deeds.undo} /><${Press} sign="redo" label="Redo" keys="Ctrl+Shift+z" run=${deeds.redo} />
      <${Press} sign="info" label="Answers, reasons and camera" keys="i" run=${deeds.info} aria-pressed=${String(state.info)} /></span>`;
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
    <span>${said}</span><i>${parts.map(([name, found]) => html`<b key=${name} class=${name ? `t${classes.of(name).tint}` : ""} style=${`width: ${all ? (100 * found) / all : 0}%`} />`)}</i></div>`;
}

export function Saved({ outbox }) {
  const waits = outbox.unsaved && (!outbox.reachable || outbox.unsaved > 3);
  const said = waits ? `${plural(outbox.unsaved, "decision")} kept in this browser until the server answers; press to try now` : "Every decision is on the disk";
  return html`<button type="button" class=${waits ? "button saved waits" : "button saved"} title=${said} onClick=${() => outbox.hurry()}>
    <${Sign} name=${waits ? "unsaved" : "saved"} /><span>${waits ? `${number(outbox.unsaved)} unsaved` : "Saved"}</span></button>`;
}

// Under whose name one decides.
function Name({ state, deeds }) {
  const [open, turn] = hooks.useState(false);
  const typed = hooks.useRef(null);
  hooks.useLayoutEffect(() => typed.current?.select(), [open]);
  const done = () => {
    const name = typed.current?.value.trim();
    turn(false);
    if (name && name !== state.person) deeds.name(name);
    deeds.home();
  };
  if (!open) return html`<button type="button" class="button who" title="Decisions are kept under this name; press to change it" onClick=${() => turn(true)}><span class="unseen">Deciding as </span><span>${state.person || "nameless"}</span></button>`;
  return html`<label class="naming"><span class="unseen">Your name</span><input ref=${typed} type="text" maxlength="60" defaultValue=${state.person} spellcheck=${false}
    onBlur=${done} onKeyDown=${(event) => {
      if (event.key === "Enter") done();
      if (event.key === "Escape") { turn(false); deeds.home(); }
    }} /></label>`;
}
