// What is on the tab, from its state.

import { Button, Message } from "../parts.js";
import { html } from "../view.js";
import { Answer } from "./answer.js";
import { FileList, Invitation } from "./files.js";
import { Player, Segments, Timeline, Transport } from "./film.js";
import { HeatControls, Picture } from "./picture.js";
import { ordersOf } from "./formats.js";

const SAMPLINGS = [["", "One a second"], ["half", "Two a second"], ["shot", "Three per shot"], ["all", "Every frame"]];

export function Screen({ state, view, deeds, film }) {
  const { item, config } = view;
  return html`<div class=${`predict ${view.over ? "over" : ""}`}><h1 class="unseen">Predict</h1>
    ${config.bundles.length === 0 ? html`<${NoBundle} />` : !item
      ? html`<${Bundles} config=${config} state=${state} deeds=${deeds} /><${Invitation} deeds=${deeds} limits=${config.limits} bundle=${view.bundle} />`
      : html`<div class="tools"><${Bundles} config=${config} state=${state} deeds=${deeds} />
          ${item.video && view.bundle?.kind !== "shots" && html`<label class="field beside"><span>Frames</span><select value=${state.sampling} onChange=${(event) => deeds.sampling(event.target.value)}>
            ${SAMPLINGS.map(([value, name]) => html`<option value=${value} selected=${value === state.sampling}>${name}</option>`)}</select></label>`}
          <span class="room" /><${Button} icon="add" text="Choose files" keys="o" run=${deeds.choose} /><${Button} icon="close" label="Take this file off the list" keys="Delete" run=${deeds.remove} /></div>
        ${state.items.length > 1 && html`<${FileList} state=${state} bundle=${view.bundle} deeds=${deeds} />`}
        <${One} state=${state} view=${view} deeds=${deeds} film=${film} />`}
    <div class="drop-sign" aria-hidden="true"><p>Drop it here</p></div></div>`;
}

const NoBundle = () => html`<div class="opening"><${Message} title="No bundle is served" kind="note">Start the server with one or more: <code>rushes serve BUNDLE…</code>. <code>rushes export RUN</code> makes a bundle of a run.<//></div>`;

function Bundles({ config, state, deeds }) {
  if (config.bundles.length < 2) return null;
  return html`<label class="field beside bundles"><span>Bundle</span><select value=${state.bundle} onChange=${(event) => deeds.bundle(event.target.value)}>
    ${config.bundles.map((one) => html`<option value=${one.name} selected=${one.name === state.bundle}>${one.name} · ${one.task}</option>`)}</select></label>`;
}

function One({ state, view, deeds, film }) {
  const { item, result, rows, still } = view, heat = view.heatOn && !view.playing ? view.heat : null;
  const orders = ordersOf(rows, view.bundle);
  return html`<div class=${`one ${rows.length ? "with-timeline" : ""} ${state.items.length > 1 ? "with-list" : ""}`}>
    <section class="look" aria-label=${item.video ? "Video" : "Picture"}><h2 class="file-name">${item.name}</h2>
      ${item.video ? html`<${Player} item=${item} still=${still} heat=${heat} state=${state} looked=${view.looked} deeds=${deeds} film=${film} />`
        : html`<${Picture} item=${item} still=${still} heat=${heat} state=${state} deeds=${deeds} />`}
      ${rows.length > 0 && html`<${Transport} playing=${view.playing} able=${item.shown === true} at=${view.place} count=${view.row.segments.length} deeds=${deeds} />
        <${Timeline} rows=${rows} orders=${orders} duration=${view.duration} time=${item.time} active=${Math.min(state.row, rows.length - 1)} looked=${state.looked} playing=${view.playing} film=${film} deeds=${deeds} />`}</section>
    <section class="side" aria-label="Answer"><h2 class="unseen">Answer</h2>
      <${Answer} item=${item} answer=${view.answer} bundle=${view.bundle} looked=${view.looked} deeds=${deeds} />
      ${result && result.kind !== "shots" && html`<${HeatControls} state=${state} on=${view.heatOn} heat=${heat} able=${view.heatAble} looked=${view.looked} deeds=${deeds} />`}
      ${result && html`<div class="choice-row"><${Button} icon="copy" text="Copy JSON" keys="Ctrl+c" run=${deeds.copy} /><${Button} icon="save" text="JSON" label="Download JSON" keys="Ctrl+s" run=${deeds.json} /><${Button} icon="save" text="CSV" label="Download CSV" keys="Ctrl+Shift+s" run=${deeds.csv} /></div>`}</section>
    ${rows.length > 0 && html`<${Segments} key=${item.id} rows=${rows} orders=${orders} active=${Math.min(state.row, rows.length - 1)} time=${item.time} deeds=${deeds} />`}</div>`;
}
