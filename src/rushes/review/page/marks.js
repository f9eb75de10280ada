// The line of marks below a picture: the person's at the left, the cull's at the right.

import { el, icon } from "./elements.js";
import { disagrees } from "./order.js";
import { decided, score, stars } from "./words.js";

// A label from elsewhere has a sign of its own: it waits for a person's word.
export const signOf = (item) => (!item.decision ? "unset" : item.own ? item.decision : `other-${item.decision}`);

export function personMarks(item) {
  return [
    icon(signOf(item), decided(item)),
    item.rating ? el("span", { class: "stars", "aria-label": `${item.rating} of 5 stars` }, stars(item.rating)) : null,
    item.color ? el("span", { class: `swatch ${item.color}`, role: "img", "aria-label": `label ${item.color}` }) : null,
  ].filter(Boolean);
}

export function cullMark(item) {
  if (!item.verdict) return null;
  const said = `The cull proposes: ${item.verdict}, score ${score(item.score)}`;
  return el("span", { class: `proposal ${item.verdict}${disagrees(item) ? " against" : ""}`, title: said },
    icon(`cull-${item.verdict}`, said), el("span", {}, score(item.score)));
}

export function seriesMark(item) {
  if (!item.series) return null;
  const { kind, rank, size } = item.series;
  return el("span", { class: "series" }, el("span", {}, `${kind} of ${size}`),
    rank === 1 ? el("b", { class: "best" }, "best") : rank ? el("span", { class: "rank" }, `${rank}`) : null);
}
