// The marks below a picture: the person's at the left, the model's at the right.

import { Icon } from "../icons.js";
import { html } from "../view.js";
import { percent } from "../words.js";
import { disagrees } from "./order.js";
import { decided, score, stars } from "./words.js";

// A person's decision is a disc with a sign in it, a proposal of the model is a triangle: nobody takes one for the other.
const full = html`<circle cx="8" cy="8" r="7" class="full" />`;
const ring = html`<circle cx="8" cy="8" r="6.4" />`;
const dashed = html`<circle cx="8" cy="8" r="6.4" class="dashed" />`;
const DRAWN = {
  pick: [full, html`<path d="M4.6 8.3 7 10.7l4.5-5" class="sign" />`],
  reject: [ring, html`<path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" />`],
  "other-pick": [dashed, html`<path d="M4.9 8.3 7.1 10.5l4-4.6" />`],
  "other-reject": [dashed, html`<path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" />`],
  unset: [dashed],
};

export const Mark = ({ name, label = null }) => html`<${Icon} name=${name} label=${label} drawn=${DRAWN[name]} />`;

// A label from elsewhere has a sign of its own: it waits for a person's word.
export function signOf(item, classes) {
  if (item.decision === null) return "unset";
  const word = classes.word(item.decision) ?? "pick";
  return item.own ? word : `other-${word}`;
}

// The disc of a class bears its key, or where it has none the first letter of its name.
export const Disc = ({ of }) => html`<i class="disc" style=${`--tint: ${of.colour.hue}`} aria-hidden="true">${of.key?.toUpperCase() ?? [...of.name][0]}</i>`;

export function Person({ item, state }) {
  const { classes, person } = state;
  const said = decided(item, state);
  const standing = classes.culling || item.decision === null ? html`<${Mark} name=${signOf(item, classes)} label=${said} />`
    : html`<span class=${item.own ? "word" : "word other"} role="img" aria-label=${said}><${Disc} of=${classes.of(item.decision)} /><span>${item.decision}</span></span>`;
  return html`<span class="marks">${standing}
    ${item.own && item.by && item.by !== person && html`<span class="by">${item.by}</span>`}
    ${item.rating && html`<span class="stars" role="img" aria-label=${`${item.rating} of 5 stars`}>${stars(item.rating)}</span>`}
    ${item.color && html`<span class=${`swatch ${item.color}`} role="img" aria-label=${`label ${item.color}`} />`}
    ${state.conflicts.some((one) => one.id === item.id) && html`<span class="clash"><${Icon} name="differ" label="Another person said otherwise meanwhile" /></span>`}</span>`;
}

export function Answer({ item, classes }) {
  if (item.answer === null) return null;
  const look = `proposal ${disagrees(item) ? "against" : ""}`;
  if (item.verdict) {
    const said = `The cull proposes: ${item.verdict}, score ${score(item.score)}`;
    return html`<span class=${`${look} ${item.verdict}`} title=${said}><${Icon} name=${item.verdict === "pick" ? "up" : "down"} label=${said} /><span>${score(item.score)}</span></span>`;
  }
  const said = `The model says: ${item.answer}${item.confidence === null ? "" : `, ${percent(item.confidence)}`}`;
  return html`<span class=${look} title=${said}><${Icon} name="up" label=${said} />
    ${!classes.culling && html`<span class="name" aria-hidden="true">${item.answer}</span>`}${item.confidence !== null && html`<span class="sure" aria-hidden="true">${percent(item.confidence)}</span>`}</span>`;
}

export function Series({ item }) {
  if (!item.series) return null;
  const { kind, rank, size } = item.series;
  return html`<span class="series"><span>${kind} of ${size}</span><${Rank} rank=${rank} /></span>`;
}

export const Rank = ({ rank }) => (rank === 1 ? html`<b class="best">best</b>` : rank ? html`<span class="rank">${rank}</span>` : null);
