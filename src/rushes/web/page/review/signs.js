// The signs that are drawn on the page, and a button that bears one.

import { shownKey } from "../keys.js";
import { html } from "../view.js";

// A person's decision is a disc with a sign in it, a proposal of the model is a triangle: nobody takes one for the other.
const full = html`<circle cx="8" cy="8" r="7" class="full" />`;
const ring = html`<circle cx="8" cy="8" r="6.4" class="ring" />`;
const dashed = html`<circle cx="8" cy="8" r="6.4" class="ring dashed" />`;
const line = (d) => html`<path d=${d} class="line" />`;
const DRAWN = {
  pick: [full, html`<path d="M4.6 8.3 7 10.7l4.5-5" class="sign" />`],
  reject: [ring, line("m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2")],
  "other-pick": [dashed, line("M4.9 8.3 7.1 10.5l4-4.6")],
  "other-reject": [dashed, line("m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8")],
  unset: [dashed],
  up: [line("M8 3.2 13.6 12.8H2.4z")],
  down: [line("M8 12.8 2.4 3.2h11.2z")],
  grid: [line("M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z")],
  loupe: [line("M2 3.5h12v9H2z")],
  compare: [line("M1.5 3.5h5.7v9H1.5zM8.8 3.5h5.7v9H8.8z")],
  survey: [line("M1.5 2.5h7v6h-7zM10.5 2.5h4v6h-4zM1.5 10.5h4v3h-4zM7.5 10.5h7v3h-7z")],
  undo: [line("M6 3 2.8 6.2 6 9.4M3 6.2h6.2a3.7 3.7 0 0 1 0 7.4H6")],
  redo: [line("m10 3 3.2 3.2L10 9.4M13 6.2H6.8a3.7 3.7 0 0 0 0 7.4H10")],
  info: [ring, line("M8 7.2v4M8 4.6v.3")],
  filter: [line("M2 4h12M4.4 8h7.2M6.6 12h2.8")],
  saved: [line("m3.4 8.4 3 3 6.2-6.6")],
  unsaved: [line("M8 2.6v6.2M8 12v.4")],
  close: [line("m4 4 8 8m0-8-8 8")],
  back: [line("M10 3 5 8l5 5")],
  on: [line("m6 3 5 5-5 5")],
  differ: [line("M3 6h10M3 10h10M11 2.800 5 13.200")],
};

export function Sign({ name, label = null }) {
  const seen = label === null ? { "aria-hidden": "true" } : { role: "img", "aria-label": label };
  return html`<svg viewBox="0 0 16 16" class=${`icon sign-${name}`} ...${seen}>${DRAWN[name]}</svg>`;
}

// `keys` is the key beside it, as keymap.json writes it.
export function Press({ sign, text, label = text, keys = null, run, look = "", children, ...more }) {
  return html`<button type="button" class=${`button ${look} ${text || children ? "" : "square"}`} title=${keys ? `${label} (${shownKey(keys).join(" ")})` : label}
    aria-label=${children || label !== text ? label : undefined} aria-keyshortcuts=${keys?.replace("Ctrl", "Control") ?? undefined} onClick=${run} ...${more}>
    ${sign && html`<${Sign} name=${sign} />`}${text && html`<span>${text}</span>`}${children}</button>`;
}
