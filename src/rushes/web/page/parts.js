// Parts that tabs share: a button, a key, one clear message, a bar of progress, a dialog.

import { Icon } from "./icons.js";
import { shownKey } from "./keys.js";
import { hooks, html } from "./view.js";

const SAID_AS = { Ctrl: "Control", " ": "Space" };

export const Kbd = ({ name }) => html`<span class="keys">${shownKey(name).map((part) => html`<kbd>${part}</kbd>`)}</span>`;

// icon, text: either or both; label: its name where there is no text; keys: the key beside it, as keymap.json writes it;
// look: further classes of it; children: what stands behind the text.
// Where it can do nothing just now it keeps the focus, which a disabled element would let fall.
export function Button({ icon, text, label = text, keys, primary, plain, look = "", run, disabled = false, children, ...more }) {
  const looks = ["button", primary && "primary", plain && "plain", !text && !children && "square", look].filter(Boolean).join(" ");
  const shortcut = keys?.split("+").map((part) => SAID_AS[part] ?? part).join("+");
  return html`<button type="button" class=${looks} aria-label=${label} aria-keyshortcuts=${shortcut}
    title=${keys ? `${label} (${shownKey(keys).join(" ")})` : label} aria-disabled=${disabled ? "true" : undefined} onClick=${disabled ? undefined : run} ...${more}>
    ${icon && html`<${Icon} name=${icon} />`}${text && html`<span>${text}</span>`}${children}</button>`;
}

// One clear message at the place that it is about. `alert` is read out at once.
export const Message = ({ title, children, kind = "wrong", icon = kind === "wrong" ? "warn" : "help", alert = false }) => html`
  <div class=${`message ${kind}`} role=${alert ? "alert" : undefined}><${Icon} name=${icon} />
    <div>${title && html`<strong>${title}</strong>`}<p>${children}</p></div></div>`;

// done of total; total null where nobody knows yet.
export function Progress({ label, done = null, total = null }) {
  const known = total ? { "aria-valuenow": Math.round((100 * done) / total), "aria-valuemin": 0, "aria-valuemax": 100 } : {};
  return html`<div class=${`progress ${total ? "" : "unknown"}`} role="progressbar" aria-label=${label} ...${known}>
    <i style=${{ width: total ? `${(100 * done) / total}%` : "30%" }} /></div>`;
}

// A dialog over the page; Escape, a press beside it and its cross close it, and the focus goes back where it was.
// Inside, what has `autofocus` takes the focus first. While one is open, no key does anything behind it.
export function Dialog({ title, close, children, wide = false }) {
  const shown = hooks.useRef(null);
  const left = hooks.useRef(false);
  // Told at once: a browser's own `close` comes later than the next key may.
  const leave = () => {
    if (left.current) return;
    left.current = true;
    shown.current.close();
    close();
  };
  hooks.useLayoutEffect(() => { shown.current.showModal(); }, []); // at once: the next key is meant for it already
  return html`<dialog class=${`dialog ${wide ? "wide" : ""}`} ref=${shown} aria-labelledby="dialog-title" onClose=${leave}
      onCancel=${(event) => { event.preventDefault(); leave(); }} onClick=${(event) => event.target === shown.current && leave()}>
    <header><h2 id="dialog-title">${title}</h2><${Button} icon="close" label="Close" run=${leave} /></header>
    ${children}</dialog>`;
}
