// Signs: one stroke, sixteen units wide.

import { html } from "./view.js";

const DRAWN = {
  predict: "M2 3.5h12v9H2zM2 10l3.4-3 2.6 2.3L10.5 7 14 10",
  review: "m3.4 8.4 3 3 6.2-6.6",
  footage: "M2 3.5h12v9H2zM5 3.5v9M11 3.5v9M2 8h3M11 8h3",
  runs: "M2.5 13V9M6.2 13V6M9.8 13V8M13.5 13V3",
  help: "M6.2 6.3a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.9.6-.9 1.3M8 11.4v.2",
  close: "m4 4 8 8m0-8-8 8",
  add: "M8 3v10M3 8h10",
  drop: "M8 2.5v7.2M4.8 6.8 8 10l3.2-3.2M2.5 11v2.5h11V11",
  heat: "M8 2.2c.4 2.2 3.6 3.6 3.6 7a3.6 3.6 0 0 1-7.2 0c0-1.4.6-2.4 1.4-3.2.2 1 .7 1.5 1.3 1.8C6.900 5.600 7.200 3.600 8 2.200z",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  save: "M8 2.500v7M4.800 6.500 8 9.700l3.200-3.200M3 13h10",
  again: "M13 8a5 5 0 1 1-1.600-3.700M13.200 2.300v3.200H10",
  warn: "M8 2.600 14.200 13.400H1.800zM8 6.600v3.200M8 11.600v.2",
  back: "M10 3 5 8l5 5",
  on: "m6 3 5 5-5 5",
  play: "M5 3.500v9l7-4.500z",
  pause: "M5.500 3.500v9M10.500 3.500v9",
};

export function Icon({ name, label = null }) {
  const seen = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return html`<svg class="icon" viewBox="0 0 16 16" ...${seen}>${name === "help" && html`<circle cx="8" cy="8" r="6.4" />`}<path d=${DRAWN[name]} /></svg>`;
}
