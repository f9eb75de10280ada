// The overlay of keys.

import { button, el } from "./elements.js";
import { KEYS } from "./keys.js";

export function showHelp(close) {
  const group = ([name, rows]) => el("section", {}, el("h3", {}, name),
    el("dl", {}, ...rows.flatMap(([keys, , , what]) => [el("dt", {}, ...shown(keys)), el("dd", {}, what)])));
  const dialog = el("dialog", { class: "help", "aria-labelledby": "help-title" },
    el("header", {}, el("h2", { id: "help-title" }, "Keys"), button("close", "Close", () => dialog.close())),
    el("div", { class: "groups" }, ...KEYS.map(group)),
    el("p", { class: "soft" }, "A key acts on the one photograph with the ring, in every view. On a touch screen: swipe to go on, tap twice for 1:1, and decide with the buttons below."));
  dialog.addEventListener("close", () => { dialog.remove(); close(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => { if (event.key === "?") dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}

const shown = (keys) => keys.split(/(, | \+ arrows)/).filter(Boolean).flatMap((part) => (part === ", " ? ["  "] : part.startsWith(" +") ? [" arrows"]
  : part.split(" ").map((key) => el("kbd", {}, key))));
