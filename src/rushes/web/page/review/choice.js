// Filter and order: what the list holds, and what comes first.

import { hooks, html } from "../view.js";
import { count, FILTERS, isNarrow, onOffer, SORTS, WHOLE } from "./order.js";
import { Press } from "./signs.js";
import { number } from "./words.js";

export function Choice({ state, deeds, gone }) {
  const box = hooks.useRef(null);
  hooks.useLayoutEffect(() => {
    box.current.querySelector("input:checked").focus();
    const away = (event) => { if (!event.target.closest(".lists")) deeds.closeChoice(); };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);
  const leave = (event) => {
    if (!["Escape", "f", "F", "Enter"].includes(event.key) || (event.key === "Enter" && event.target.closest("button, select"))) return;
    event.preventDefault();
    event.stopPropagation();
    deeds.closeChoice();
  };
  const narrow = (name, value) => deeds.list({ narrow: { ...state.narrow, [name]: value || null } });
  return html`<div class="choice-box" role="dialog" aria-label="Filter and order" ref=${box} onKeyDown=${leave}>
    <fieldset><legend>Show</legend>${onOffer(FILTERS, state).map((name) => html`<${Row} kind="filter" name=${name} text=${FILTERS[name][0]} state=${state} deeds=${deeds} found=${count(state, name)} />`)}</fieldset>
    <fieldset class="narrow"><legend>Only</legend>
      ${!state.classes.culling && html`<${Only} text="Class" name="standing" values=${state.classes.all.map((one) => one.name)} state=${state} set=${narrow} />`}
      ${!state.classes.culling && state.answers && html`<${Only} text="Model's answer" name="answer" values=${state.classes.all.map((one) => one.name)} state=${state} set=${narrow} />`}
      ${state.groups.length > 0 && html`<${Only} text="Group" name="group" values=${state.groups} state=${state} set=${narrow} />`}
      <${Only} text="Label by" name="origin" values=${state.origins} state=${state} set=${narrow} />
      ${isNarrow(state.narrow) && html`<${Press} text="All of these" look="plain" run=${() => deeds.list({ narrow: WHOLE })} />`}</fieldset>
    <fieldset><legend>In which order</legend>${onOffer(SORTS, state).map((name) => html`<${Row} kind="sort" name=${name} text=${SORTS[name][0]} state=${state} deeds=${deeds} found=${null} />`)}</fieldset>
    <div class="touch"><${Press} text=${gone ? `Make the list anew: ${gone}` : "Make the list anew"} run=${() => { deeds.closeChoice(); deeds.refresh(); }} />
      <${Press} text="Redo" run=${() => { deeds.closeChoice(); deeds.redo(); }} /></div></div>`;
}

const Row = ({ kind, name, text, state, deeds, found }) => html`<label key=${name} class=${found === 0 ? "none" : ""}>
  <input type="radio" name=${`choice-${kind}`} value=${name} checked=${state[kind] === name} onChange=${() => deeds.list({ [kind]: name })} /><span>${text}</span>
  ${found !== null && html`<span class="found">${number(found)}</span>`}</label>`;

const Only = ({ text, name, values, state, set }) => html`<label><span>${text}</span><select value=${state.narrow[name] ?? ""} onChange=${(event) => set(name, event.target.value)}>
  <option value="">any</option>${values.map((value) => html`<option key=${value} value=${value}>${value}</option>`)}</select></label>`;
