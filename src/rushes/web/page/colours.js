// The colour of a class, the same in all tabs: by the place of the class in the order of its task.
// The hues are --class-0 … --class-7 of app.css, which all kinds of colour sight tell apart and which carry black type
// (Paul Tol's light scheme without its grey, which is left to what is no class of the task). A pattern is laid over
// them that differs from class to class, so that none is known by its colour alone.

const HUES = 8;
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

/* What a class looks like. classes: names in the order of the task. Returns {index, hue, pattern, background}: its place
   (-1 of what is no class of the task, which is grey), the css colour, the layer over it ("none" or one of `background`),
   and both as one value of `background`. Eight hues and seven patterns: 56 before one recurs. */
export function colourOf(classes, name) {
  const index = (classes ?? []).indexOf(name);
  const hue = index < 0 ? "var(--class-none)" : `var(--class-${index % HUES})`;
  const pattern = index < 0 ? "none" : PATTERNS[index % PATTERNS.length];
  return { index, hue, pattern, background: pattern === "none" ? hue : `${pattern}, ${hue}` };
}
