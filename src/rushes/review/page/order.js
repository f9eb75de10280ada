// Which photographs are in the list, and in which order: pure functions of the items.

export const FILTERS = {
  all: ["All photographs", () => true],
  undecided: ["Undecided", (item) => item.decision === null],
  picks: ["Picks", (item) => item.decision === "pick"],
  rejects: ["Rejects", (item) => item.decision === "reject"],
  proposed: ["The cull's picks", (item) => item.verdict === "pick"],
  refused: ["The cull's rejects", (item) => item.verdict === "reject"],
  disagreements: ["Disagreements with the cull", (item) => disagrees(item)],
  series: ["Series", (item) => item.series !== null],
  audit: ["Audit sample", (item) => item.audited],
};

export const SORTS = {
  capture: "By capture",
  best: "By score, highest first",
  worst: "By score, lowest first",
  drawn: "In the order of the draw",
};

export const disagrees = (item) => item.verdict !== null && item.decision !== null && item.verdict !== item.decision;

export function count(items, filter) {
  const wanted = FILTERS[filter][1];
  let found = 0;
  for (const item of items) if (wanted(item)) found += 1;
  return found;
}

// Photographs of one series stay neighbours in every order but that of the draw: the series stands where its first or best
// one would.
export function arrange(items, filter, sort) {
  if (sort === "drawn") return items.filter(FILTERS[filter][1]).sort((a, b) => compare(a.drawn, b.drawn));
  const units = new Map();
  items.forEach((item, place) => {
    if (!FILTERS[filter][1](item)) return;
    const key = item.series ? `s${item.series.index}` : place;
    if (!units.has(key)) units.set(key, []);
    units.get(key).push(item);
  });
  const found = [...units.values()];
  if (sort !== "capture") {
    const sign = sort === "best" ? -1 : 1;
    const value = (item) => (item.score === null ? Infinity : sign * item.score); // unscored ones come last
    for (const unit of found) unit.sort((a, b) => compare(value(a), value(b)));
    found.sort((a, b) => compare(value(a[0]), value(b[0])));
  }
  return found.flat();
}

const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
