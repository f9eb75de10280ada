// The keys: one table for what they do, for the help, and for the documentation.

// [keys as they are shown, what `event.key` may be, the deed, what it does]
export const KEYS = [
  ["Decide", [
    ["P", ["p"], "pick", "Pick the focused photograph"],
    ["X", ["x"], "reject", "Reject it"],
    ["U", ["u"], "unset", "Take its decision away"],
    ["0–5", ["0", "1", "2", "3", "4", "5"], "rate", "Rate it with so many stars"],
    ["6–9", ["6", "7", "8", "9"], "color", "Label it red, yellow, green or blue; the same key again takes the label away"],
    ["Ctrl Z", [], "undo", "Undo, without limit"],
    ["Ctrl Shift Z", [], "redo", "Redo"],
    ["A", ["a"], "advance", "Go on by itself after a decision or a rating: on or off"],
  ]],
  ["Move", [
    ["← →", ["ArrowLeft", "ArrowRight"], "step", "Previous, next photograph"],
    ["↑ ↓", ["ArrowUp", "ArrowDown"], "row", "Row above, below; in the loupe the previous, next series or single photograph"],
    ["Home End", ["Home", "End"], "ends", "First, last"],
    ["Page ↑ ↓", ["PageUp", "PageDown"], "page", "A page of the grid, ten photographs in the loupe, the previous or next set in compare and survey"],
    ["Shift + arrows", [], "select", "Select a range in the grid; Ctrl-click adds one"],
  ]],
  ["Look", [
    ["G, Esc", ["g", "Escape"], "grid", "Grid"],
    ["E, Enter", ["e", "Enter"], "loupe", "Loupe: one photograph"],
    ["C", ["c"], "compare", "Compare two to four, zoomed together"],
    ["N", ["n"], "survey", "Survey: all of the series or of the selection"],
    ["Z, Space", ["z", " "], "zoom", "1:1 at the pointer, and back"],
    ["H", ["h"], "heat", "What the model looked at, where the bundle tells it"],
    ["I", ["i"], "info", "Reasons, measures and camera"],
    ["− +", ["-", "+", "="], "size", "Smaller, larger cells in the grid"],
  ]],
  ["List", [
    ["F", ["f"], "filter", "Filter and order"],
    ["R", ["r"], "refresh", "Make the list anew: what no longer matches leaves it"],
    ["?", ["?"], "help", "These keys"],
  ]],
];

const DEEDS = new Map(KEYS.flatMap(([, rows]) => rows.flatMap(([, names, deed]) => names.map((name) => [name, deed]))));
const TYPED = "input:not([type=range]), textarea, select, dialog, [role=menu]";

// The deed that a key stands for: {deed, key}, or null where the key is not for the photographs.
export function read(event) {
  if (event.target.closest?.(TYPED)) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey) return null;
    if (key === "z") return { deed: event.shiftKey ? "redo" : "undo", key };
    return key === "y" ? { deed: "redo", key } : null;
  }
  if (event.altKey) return null;
  const pressed = event.target.closest?.("button, a, input");
  if (pressed && (key === " " || key === "Enter" || (pressed.type === "range" && key.startsWith("Arrow")))) return null;
  const deed = DEEDS.get(key);
  return deed ? { deed, key } : null;
}
