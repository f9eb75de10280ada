// Keys: what keymap.json says they do, and which of them a press is.

const TYPED = "input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=file]), textarea, select, [contenteditable], dialog, [role=menu]";
const PRESSES = "button, a[href], summary, label, input, [role=button], [role=menuitem]";
const SHOWN = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", PageUp: "Page ↑", PageDown: "Page ↓", "-": "−" };

// The names that a press may have in the keymap, the most exact first: Shift+a before a.
function namesOf(event) {
  const letter = event.key.length === 1;
  const key = letter ? event.key.toLowerCase() : event.key;
  const held = [(event.ctrlKey || event.metaKey) && "Ctrl+", event.altKey && "Alt+"].filter(Boolean).join("");
  const shifted = event.shiftKey ? [`${held}Shift+${key}`] : [];
  // Shift is a part of the sign itself (? or <), but changes what an arrow does.
  return letter ? [...shifted, held + key] : event.shiftKey ? shifted : [held + key];
}

// Whether a press belongs to the element that has the focus, and not to the tab.
function isTaken(event) {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  if (event.isComposing || event.defaultPrevented || target.closest(TYPED)) return true;
  const pressed = target.closest(PRESSES);
  if (!pressed || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === " ") return pressed.tagName !== "A";
  if (event.key === "Enter") return true;
  return /^(Arrow|Home|End|Page)/.test(event.key) && ["range", "radio"].includes(pressed.type);
}

// As a person reads it: "Ctrl+Shift+z" is ["Ctrl", "Shift", "Z"].
export function shownKey(name) {
  const parts = name === "+" ? ["+"] : name.split(/\+(?=.)/);
  return parts.map((part) => SHOWN[part] ?? (/^[a-z]$/.test(part) ? part.toUpperCase() : part));
}

/* The keys of the application, as keymap.json lists them.
   bind(tab, acts) lets keys of a tab do what `acts` names, and returns what takes that back. An act is called with
   (key name, event); one that returns false leaves the press to the browser. An act that is not in the keymap is a
   fault of ours: a key that nobody is told of. What was bound last is asked first. */
export class Keys {
  constructor(map) {
    this.map = map;
    this.bound = [];
  }

  of(tab) { return this.map.filter((one) => one.tab === tab); }

  bind(tab, acts) {
    const known = this.of(tab);
    const strange = Object.keys(acts).find((act) => !known.some((one) => one.act === act));
    if (strange) throw new Error(`keymap.json has no act '${strange}' of the tab '${tab}'`);
    const deeds = new Map(known.filter((one) => acts[one.act]).flatMap((one) => one.keys.map((key) => [key, acts[one.act]])));
    this.bound.unshift(deeds);
    return () => { this.bound = this.bound.filter((one) => one !== deeds); };
  }

  press(event) {
    if (isTaken(event) || document.querySelector("dialog[open]")) return; // wherever the focus is, keys are the dialog's
    for (const deeds of this.bound) {
      for (const name of namesOf(event)) {
        if (deeds.has(name) && deeds.get(name)(name, event) !== false) {
          event.preventDefault();
          return;
        }
      }
    }
  }
}
