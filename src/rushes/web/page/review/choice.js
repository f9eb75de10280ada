// Filter and order: what the list holds, and what comes first.

import { Button, Dialog } from "../parts.js";
import { html } from "../view.js";
import { number, plural } from "../words.js";
import { count, FILTERS, isNarrow, onOffer, SORTS, WHOLE } from "./order.js";

export function Choice({ state, deeds, gone }) {
  const leave = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !["f", "F", "Enter"].includes(event.key) || event.target.closest(event.key === "Enter" ? "button, select" : "select")) return;
    event.preventDefault();
    deeds.closeDialog();
  };
  const narrow = (name, value) => deeds.list({ narrow: { ...state.narrow, [name]: value || null } });
  const classes = state.classes.all.map((one) => one.name);
  return html`<${Dialog} title="Filter and order" close=${deeds.closeDialog}>
    <div class="choice-box" onKeyDown=${leave}>
      <p class="soft" role="status">${plural(state.list.length, "sample")} in the list</p>
      <fieldset><legend>Show</legend>${onOffer(FILTERS, state).map((name) => html`<${Row} key=${name} kind="filter" name=${name} text=${FILTERS[name][0]} state=${state} deeds=${deeds} found=${count(state, name)} />`)}</fieldset>
      <fieldset><legend>In which order</legend>${onOffer(SORTS, state).map((name) => html`<${Row} key=${name} kind="sort" name=${name} text=${SORTS[name][0]} state=${state} deeds=${deeds} found=${null} />`)}</fieldset>
      <fieldset class="narrow"><legend>Only</legend>
        ${!state.classes.culling && html`<${Only} text="Class" name="standing" values=${classes} state=${state} set=${narrow} />`}
        ${!state.classes.culling && state.answers && html`<${Only} text="Model's answer" name="answer" values=${classes} state=${state} set=${narrow} />`}
        ${state.groups.length > 0 && html`<${Only} text="Group" name="group" values=${state.groups} state=${state} set=${narrow} />`}
        <${Only} text="Label by" name="origin" values=${state.origins} state=${state} set=${narrow} />
        ${isNarrow(state.narrow) && html`<${Button} text="All of these" plain run=${() => deeds.list({ narrow: WHOLE })} />`}</fieldset>
      <p class="steps"><${Button} text=${gone ? `Make the list anew: ${gone}` : "Make the list anew"} run=${() => { deeds.closeDialog(); deeds.refresh(); }} />
        <${Button} icon="redo" text="Redo" look="narrow-only" run=${() => { deeds.closeDialog(); deeds.redo(); }} /></p></div><//>`;
}

const Row = ({ kind, name, text, state, deeds, found }) => html`<label class=${found === 0 ? "none" : ""}>
  <input type="radio" name=${`choice-${kind}`} value=${name} checked=${state[kind] === name} autofocus=${kind === "filter" && state[kind] === name} onChange=${() => deeds.list({ [kind]: name })} /><span>${text}</span>
  ${found !== null && html`<span class="found">${number(found)}</span>`}</label>`;

const Only = ({ text, name, values, state, set }) => html`<label><span>${text}</span><select value=${state.narrow[name] ?? ""} onChange=${(event) => set(name, event.target.value)}>
  <option value="">any</option>${values.map((value) => html`<option key=${value} value=${value}>${value}</option>`)}</select></label>`;
