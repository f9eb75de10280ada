// A score with its interval: as numbers, and as a bar beside what the majority class alone would score.

import { html } from "../view.js";
import { decimal } from "../words.js";

export function said(score) {
  if (typeof score?.value !== "number") return "–";
  return score.low === null || score.low === undefined ? decimal(score.value) : `${decimal(score.value)} (${decimal(score.low, 2)}\u2060–\u2060${decimal(score.high, 2)})`; // an interval stays on one line;
}

// From 0 to 1; the band is the interval, the stroke the score, the dashed line the majority class.
export function Bar({ score, least = 0, most = 1 }) {
  if (typeof score?.value !== "number") return html`<span class="soft">–</span>`;
  const at = (value) => `${Math.min(100, Math.max(0, (100 * (value - least)) / (most - least)))}%`;
  const band = typeof score.low === "number" ? { left: at(score.low), width: `calc(${at(score.high)} - ${at(score.low)})` } : null;
  return html`<span class="score-bar" aria-hidden="true">${band && html`<i class="band" style=${band} />`}
    ${typeof score.majority === "number" && html`<i class="majority" style=${{ left: at(score.majority) }} />`}<i class="value" style=${{ left: at(score.value) }} /></span>`;
}

export const hashOf = (name) => `#/runs/${name.split("/").map(encodeURIComponent).join("/")}`;
export const pathOf = (name, ...parts) => ["runs", ...name.split("/").map(encodeURIComponent), ...parts].join("/");
export const when = (text) => text.replace("T", " ").replace(/:\d\d(\.\d+)?(Z|\+00:00)$/, "");
