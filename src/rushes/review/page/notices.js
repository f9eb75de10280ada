// What is said across the page: the server is gone, all is decided, there is nothing to show.

import { button, el, icon } from "./elements.js";
import { count, disagrees } from "./order.js";
import { number, plural } from "./words.js";

const notice = () => document.getElementById("notice");

export function fullScreenWords(title, text, ...more) {
  return el("section", { class: "words" }, el("h2", {}, title), el("p", {}, text), ...more);
}

export function showGone({ outbox }) {
  const box = notice();
  if (outbox.reachable) {
    if (box.dataset.kind === "gone") hide();
    return;
  }
  const kept = outbox.kept ? "Decisions are kept in this browser, and are sent when it is back." : "This browser keeps nothing: leave this page open until it is back.";
  const said = outbox.replaced ? "Another review is served at this address now. What is unsaved stays in this browser, and is sent when this review is served again."
    : outbox.locked ? "The server was started again under another address. Open the address that it printed; what is unsaved stays here."
    : `The server does not answer. ${kept} You can go on.`;
  if (box.dataset.kind === "gone" && box.dataset.said === said) return;
  box.dataset.said = said;
  show("gone", icon("unsaved"), el("p", {}, said), button(null, "Try now", () => outbox.hurry(), { text: "Try now", extra: "plain" }));
}

export function showEnd({ state, deeds }) {
  const against = state.items.filter(disagrees).length;
  const audited = state.items.filter((item) => item.audited).length;
  const go = (filter, label) => button(null, label, () => { hide(); deeds.list({ filter }); }, { text: label, extra: "plain" });
  show("end", icon("saved"),
    el("div", {}, el("h2", {}, `All ${number(state.items.length)} are decided`),
      el("p", {}, `${plural(count(state.items, "picks"), "pick")}, ${plural(count(state.items, "rejects"), "reject")}. They are labels of the task ${state.task} already: there is nothing to save. Next, look once more at`),
      el("p", { class: "steps" }, go("picks", "the picks"), state.cull && against ? go("disagreements", plural(against, "disagreement with the cull", "disagreements with the cull")) : "",
        audited ? go("audit", "the audit sample") : "", go("rejects", "the rejects"))),
    button("close", "Close", () => { hide(); deeds.home(); }));
}

// Returns whether there was anything to close.
export function closeEnd() {
  if (notice().dataset.kind !== "end") return false;
  hide();
  return true;
}

function show(kind, ...parts) {
  const box = notice();
  box.dataset.kind = kind;
  box.replaceChildren(...parts);
  box.hidden = false;
}

function hide() {
  notice().hidden = true;
  notice().dataset.kind = "";
}
