// What is known of one photograph: the person's decision, the cull's proposal, what was measured, the camera.

import { el, icon } from "./elements.js";
import { cullMark } from "./marks.js";
import { disagrees } from "./order.js";
import { DECIDED, exposure, moment, score } from "./words.js";

const DUPLICATE = "duplicate";

export function fillPanel(panel, item, state, details, deeds) {
  if (!item) {
    panel.replaceChildren();
    return;
  }
  const known = { ...item, ...(details ?? {}) };
  panel.replaceChildren(
    el("h2", { class: "name" }, item.name),
    decision(item, deeds),
    item.verdict ? proposal(known, state, deeds) : "",
    measured(known, details, state),
    item.series ? el("section", {}, el("h3", {}, capital(item.series.kind)),
      el("p", {}, `Rank ${item.series.rank ?? "not known"} of ${item.series.size} by score. ${item.series.why ?? ""}`)) : "",
    facts(known),
  );
}

function decision(item, deeds) {
  const choice = (value, key, label) => el("button", { type: "button", class: "choice", "aria-pressed": String((item.own ? item.decision : null) === value),
    "aria-keyshortcuts": key, onclick: () => deeds.decide(value) }, icon(value ?? "unset"), el("span", {}, label), el("kbd", {}, key));
  const rates = [1, 2, 3, 4, 5].map((rating) => el("button", { type: "button", class: item.rating >= rating ? "star on" : "star",
    "aria-label": `${rating} of 5 stars`, "aria-pressed": String(item.rating === rating), onclick: () => deeds.rate(rating === item.rating ? 0 : rating) }, "★"));
  const colors = ["red", "yellow", "green", "blue"].map((color) => el("button", { type: "button", class: `dot ${color}`,
    "aria-label": `label ${color}`, "aria-pressed": String(item.color === color), onclick: () => deeds.color(color) }, el("span", { class: `swatch ${color}` })));
  return el("section", { class: "yours" }, el("h3", {}, "Your decision"),
    el("div", { class: "choices" }, choice("pick", "P", "Pick"), choice(null, "U", "Unset"), choice("reject", "X", "Reject")),
    item.decision && !item.own ? el("p", { class: "soft small" }, `A label from elsewhere says ${item.decision}. It stands until you decide; ${item.decision === "pick" ? "P" : "X"} makes it yours.`) : "",
    el("div", { class: "rates" }, el("span", {}, ...rates), el("span", {}, ...colors)));
}

function proposal(item, state, deeds) {
  const better = item.better ? state.byId.get(item.better) : null;
  return el("section", {}, el("h3", {}, "The cull's proposal"),
    el("p", { class: "line" }, cullMark(item), el("span", {}, item.verdict === "pick" ? "Keep" : "Leave out"),
      disagrees(item) ? el("span", { class: "against" }, item.own ? `you ${DECIDED[item.decision]} it` : `a label says ${item.decision}`) : ""),
    item.why ? el("p", { class: "soft" }, item.why) : "",
    item.score === null ? "" : scale(item.score, state.cull?.threshold),
    ...alike(item, better, deeds),
    item.heat ? el("button", { type: "button", class: "link", "aria-pressed": String(state.heat), onclick: deeds.heat },
      state.heat ? "Hide what the model looked at (H)" : "Show what the model looked at (H)") : "");
}

// Known by likeness and score, and measured on nothing.
function alike(item, better, deeds) {
  if (better) {
    return [el("button", { type: "button", class: "link", onclick: () => deeds.goTo(better.id) }, `Shows the same as ${better.name}, which has the higher score`)];
  }
  return (item.reasons ?? []).filter((reason) => reason.measure === DUPLICATE).map((reason) => el("p", { class: "soft" }, reason.words));
}

function scale(value, threshold) {
  const bar = el("div", { class: "scale-bar", role: "img", "aria-label": `score ${score(value)}${threshold === undefined ? "" : `, picked from ${score(threshold)}`}` }, el("i"));
  bar.firstChild.style.width = `${value * 100}%`;
  if (threshold !== undefined && threshold !== null) {
    const line = el("b");
    line.style.left = `${threshold * 100}%`;
    bar.append(line);
  }
  return el("div", {}, bar, el("p", { class: "soft small" }, `The model's score, ${score(value)}`, threshold === undefined || threshold === null ? "" : `; the cull keeps from ${score(threshold)}`));
}

function measured(item, details, state) {
  const reasons = (item.reasons ?? []).filter((reason) => reason.measure !== DUPLICATE);
  if (!reasons.length) {
    return details === null ? el("section", { class: "waits" }, el("h3", {}, "Measured"), el("p", { class: "soft" }, "…")) : "";
  }
  const line = (reason) => el("li", { class: reason.speaks }, el("span", { class: "sign", "aria-label": `speaks ${reason.speaks}` }, reason.speaks === "for" ? "+" : "−"),
    el("span", {}, reason.words));
  return el("section", {}, el("h3", {}, "Measured"), el("ul", { class: "reasons" }, ...reasons.map(line)),
    el("p", { class: "soft small" }, state.cull?.takes_measures
      ? "Measured on the pixels and the camera's notes. The model was given these measures too, so that its score does not stand apart from them."
      : "Measured on the pixels and the camera's notes. They are facts beside the score, not what the model said."));
}

function facts(item) {
  const rows = [];
  if (item.captured_at) rows.push(["Captured", moment(item.captured_at)]);
  rows.push(...exposure(item.camera));
  if (item.width && item.height) rows.push(["Size", `${item.width} × ${item.height}`]);
  rows.push(["File", item.path ?? item.name]);
  if (item.companions?.length) rows.push(["With it", item.companions.join(", ")]);
  return el("section", {}, el("h3", {}, "Photograph"), el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);
