// Signs: one stroke, sixteen units wide. A tab may name further ones, of several parts, in a table of its own.

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
  grid: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
  loupe: "M2 3.5h12v9H2z",
  compare: "M1.5 3.5h5.7v9H1.5zM8.8 3.5h5.7v9H8.8z",
  survey: "M1.5 2.5h7v6h-7zM10.5 2.5h4v6h-4zM1.5 10.5h4v3h-4zM7.5 10.5h7v3h-7z",
  undo: "M6 3 2.8 6.2 6 9.4M3 6.2h6.2a3.7 3.7 0 0 1 0 7.4H6",
  redo: "m10 3 3.2 3.2L10 9.4M13 6.2H6.8a3.7 3.7 0 0 0 0 7.4H10",
  info: "M8 7.2v4M8 4.6v.3M8 1.600a6.400 6.400 0 1 1 0 12.800a6.400 6.400 0 1 1 0-12.800z",
  filter: "M2 4h12M4.4 8h7.2M6.6 12h2.8",
  select: "M2.500 2.500h11v11h-11zM5.200 8.200l2 2 3.700-4.200",
  person: "M8 2.500a2.700 2.700 0 1 1 0 5.400a2.700 2.700 0 1 1 0-5.400zM2.800 13.500c.4-3 2.400-4.400 5.200-4.400s4.800 1.400 5.200 4.400",
  done: "m3.4 8.4 3 3 6.2-6.6",
  waits: "M8 2.6v6.2M8 12v.4",
  differ: "M3 6h10M3 10h10M11 2.800 5 13.200",
  up: "M8 3.2 13.6 12.8H2.4z",
  down: "M8 12.8 2.4 3.2h11.2z",
};

// drawn: what it shows where the tab draws a sign of its own.
export function Icon({ name, label = null, drawn = null }) {
  const seen = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return html`<svg class=${`icon sign-${name}`} viewBox="0 0 16 16" ...${seen}>${name === "help" && html`<circle cx="8" cy="8" r="6.4" />`}${drawn ?? html`<path d=${DRAWN[name]} />`}</svg>`;
}
