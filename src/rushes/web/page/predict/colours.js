// Colours of classes: nine that stay apart for all kinds of colour sight and carry black type (Paul Tol's light scheme),
// and a pattern that differs from class to class, so that none is known by its colour alone.

const COLOURS = ["#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00", "#dddddd"];
const INK = "rgb(0 0 0 / .2)";
const PATTERNS = [
  "none",
  `repeating-linear-gradient(45deg, ${INK} 0 2px, transparent 2px 8px)`,
  `radial-gradient(${INK} 1.6px, transparent 1.8px) 0 0 / 8px 8px`,
  `repeating-linear-gradient(-45deg, ${INK} 0 2px, transparent 2px 8px)`,
  `repeating-linear-gradient(90deg, ${INK} 0 1px, transparent 1px 6px)`,
  `repeating-linear-gradient(0deg, ${INK} 0 1px, transparent 1px 6px)`,
  `repeating-linear-gradient(45deg, ${INK} 0 1px, transparent 1px 6px), repeating-linear-gradient(-45deg, ${INK} 0 1px, transparent 1px 6px)`,
];

// The background of a class by its place in the order of classes. Seven patterns and nine colours: 63 before one recurs.
export function fillOf(index) {
  const pattern = PATTERNS[index % PATTERNS.length];
  return { colour: COLOURS[index % COLOURS.length], background: `${pattern === "none" ? "" : `${pattern}, `}${COLOURS[index % COLOURS.length]}` };
}
