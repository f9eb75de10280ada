// The bar above: views, the list, how far one has come, whether all is saved.

import { button, el, icon } from "./elements.js";
import { count, FILTERS, SORTS } from "./order.js";
import { number, plural } from "./words.js";

const VIEWS = { grid: ["Grid", "G"], loupe: ["Loupe", "E"], compare: ["Compare", "C"], survey: ["Survey", "N"] };

export class Bar {
  constructor(root, state, outbox, deeds) {
    Object.assign(this, { root, state, outbox, deeds });
    this.views = Object.fromEntries(Object.entries(VIEWS).map(([name, [label, key]]) =>
      [name, button(name, label, () => deeds.view(name), { key, text: label })]));
    this.list = el("button", { type: "button", class: "button list", "aria-haspopup": "true", "aria-expanded": "false",
      "aria-keyshortcuts": "F", title: "Filter and order (F)", onclick: () => this.toggle() }, icon("filter"), el("span"));
    this.menu = el("div", { class: "menu", role: "menu", "aria-label": "Filter and order", hidden: true });
    this.stale = button(null, "Make the list anew", deeds.refresh, { key: "R", text: " ", extra: "stale" });
    this.progress = el("div", { class: "progress", role: "progressbar", "aria-label": "Decided", "aria-valuemin": 0 }, el("span"), el("i", {}, el("b")));
    this.saved = el("button", { type: "button", class: "button saved", onclick: () => outbox.hurry() });
    this.size = el("input", { type: "range", class: "size", min: 84, max: 480, step: 2, "aria-label": "Size of the cells",
      oninput: () => deeds.cells(Number(this.size.value)), onchange: () => deeds.home() });
    this.undo = button("undo", "Undo", deeds.undo, { key: "Ctrl+Z" });
    this.redo = button("redo", "Redo", deeds.redo, { key: "Ctrl+Shift+Z" });
    this.info = button("info", "Reasons and camera", deeds.info, { key: "I" });
    root.append(
      el("h1", { title: state.title }, state.title),
      el("nav", { class: "views", "aria-label": "Views" }, ...Object.values(this.views)),
      el("div", { class: "lists" }, this.list, this.menu), this.stale,
      el("span", { class: "room" }), this.size, this.progress, this.saved,
      el("span", { class: "tools" }, this.undo, this.redo, this.info, button("help", "Keys", deeds.help, { key: "?" })),
    );
    this.menu.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("pointerdown", (event) => {
      if (!this.menu.hidden && !event.target.closest(".lists")) this.close();
    });
  }

  render() {
    const { state, outbox } = this;
    for (const [name, made] of Object.entries(this.views)) made.setAttribute("aria-pressed", String(name === state.view));
    this.list.lastChild.textContent = `${FILTERS[state.filter][0]} · ${number(state.list.length)}`;
    const { stale } = state;
    this.stale.classList.toggle("there", stale > 0);
    this.stale.tabIndex = stale > 0 ? 0 : -1;
    this.stale.lastChild.textContent = stale ? `${number(stale)} no longer ${stale === 1 ? "matches" : "match"}` : "";
    this.size.hidden = state.view !== "grid";
    this.info.setAttribute("aria-pressed", String(state.info));
    const { decided } = state;
    const all = state.items.length;
    this.progress.setAttribute("aria-valuemax", all);
    this.progress.setAttribute("aria-valuenow", decided);
    this.progress.firstChild.textContent = `${number(decided)} of ${number(all)} decided`;
    this.progress.querySelector("b").style.width = `${all ? (100 * decided) / all : 0}%`;
    this.renderSaved(outbox);
  }

  renderSaved(outbox) {
    const waits = outbox.unsaved && (!outbox.reachable || outbox.unsaved > 3);
    const state = waits ? `${number(outbox.unsaved)} unsaved` : "Saved";
    this.saved.classList.toggle("waits", Boolean(waits));
    this.saved.setAttribute("title", waits ? `${plural(outbox.unsaved, "decision")} kept in this browser until the server answers; press to try now`
      : "Every decision is on the disk");
    if (this.saved.textContent !== state) this.saved.replaceChildren(icon(waits ? "unsaved" : "saved"), el("span", {}, state));
  }

  toggle() {
    if (this.menu.hidden) this.open();
    else this.close();
  }

  open() {
    const { state, deeds } = this;
    const row = (kind, name, label, found) => el("button", { type: "button", role: "menuitemradio", tabindex: "-1",
      "aria-checked": String(state[kind] === name), disabled: found === 0 && state[kind] !== name,
      onclick: () => { this.close(); deeds.list({ [kind]: name }); } },
    el("span", {}, label), found === null ? "" : el("span", { class: "found" }, number(found)));
    // What a narrow window has no buttons for.
    const deed = (label, run) => el("button", { type: "button", role: "menuitem", tabindex: "-1", class: "touch", onclick: () => { this.close(); run(); } }, el("span", {}, label));
    const filters = Object.entries(FILTERS).filter(([name]) => state.cull || !["proposed", "refused", "disagreements", "audit"].includes(name));
    this.menu.replaceChildren(
      ...filters.map(([name, [label]]) => row("filter", name, label, count(state.items, name))), el("hr"),
      ...Object.entries(SORTS).filter(([name]) => (name === "drawn" ? state.filter === "audit" : name === "capture" || state.cull)).map(([name, label]) => row("sort", name, label, null)),
      el("hr", { class: "touch" }), deed(state.stale ? `Make the list anew: ${this.stale.textContent.trim()}` : "Make the list anew", deeds.refresh),
      deed("Redo", deeds.redo), deed("Keys and touch", deeds.help));
    this.menu.hidden = false;
    this.list.setAttribute("aria-expanded", "true");
    this.menu.querySelector("[aria-checked=true]").focus();
  }

  close() {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    this.list.setAttribute("aria-expanded", "false");
    this.deeds.home();
  }

  #key(event) {
    const rows = [...this.menu.querySelectorAll("button:not(:disabled)")].filter((one) => one.offsetParent);
    const at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) rows[(to + rows.length) % rows.length].focus();
    else if (["Escape", "f", "F", "Tab"].includes(event.key)) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
