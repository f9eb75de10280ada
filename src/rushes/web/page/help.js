// The overlay of keys: those of the tab that is open, and those of the application.

import { Dialog, Kbd } from "./parts.js";
import { html } from "./view.js";

export function Help({ keys, tab, name, close }) {
  return html`<${Dialog} title="Keys" close=${close} wide>
    <div class="key-groups" onKeyDown=${(event) => event.key === "?" && event.currentTarget.closest("dialog").close()} tabindex="0" role="group" aria-label="Keys">
      ${[...groupsOf(keys.of(tab), name), ...groupsOf(keys.of("app"), "Everywhere")].map(([title, rows]) => html`<section><h3>${title}</h3>
        <dl>${rows.map((row) => html`<div><dt>${row.keys.map((key) => html`<${Kbd} name=${key} />`)}</dt><dd>${row.says}</dd></div>`)}</dl></section>`)}
    </div><//>`;
}

function groupsOf(rows, otherwise) {
  const groups = new Map();
  for (const row of rows) {
    const title = row.group ?? otherwise;
    groups.set(title, [...(groups.get(title) ?? []), row]);
  }
  return [...groups];
}
