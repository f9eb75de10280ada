// Which samples are in the list, and in which order: pure functions of the items.

// What the model says and what stands are two answers.
export const disagrees = (item) => item.answer !== null && item.decision !== null && item.answer !== item.decision;
const isDrawn = (item) => item.drawn !== null;
const always = () => true;

// name -> [what it says, whether an item is in it, whether it is on offer]
export const FILTERS = {
  all: ["All", () => true, always],
  undecided: ["Undecided", (item) => item.decision === null, always],
  decided: ["Decided", (item) => item.decision !== null, ({ classes }) => !classes.culling],
  picks: ["Picks", (item, { classes }) => item.decision === classes.pick, ({ classes }) => classes.culling],
  rejects: ["Rejects", (item, { classes }) => item.decision === classes.reject, ({ classes }) => classes.culling],
  proposed: ["The cull's picks", (item) => item.verdict === "pick", ({ cull }) => cull !== null],
  refused: ["The cull's rejects", (item) => item.verdict === "reject", ({ cull }) => cull !== null],
  disagreements: ["Disagreements", disagrees, ({ answers }) => answers],
  series: ["Series", (item) => item.series !== null, ({ items }) => items.some((item) => item.series)],
  audit: ["Audit sample", isDrawn, ({ items }) => items.some(isDrawn) && !items.every(isDrawn)],
};

const has = (name) => ({ items, model }) => Boolean(model?.total) || items.some((item) => item[name] !== null); // a model may be answering yet
const first = (value) => (value === null || value === undefined ? Infinity : value);
const down = (value) => (value === null || value === undefined ? Infinity : -value);
const scored = (item) => item.score ?? item.confidence;

// name -> [what it says, what is smaller of what comes first, whether it is on offer]
export const SORTS = {
  capture: ["By capture", null, always],
  doubt: ["The least sure first", (item) => down(item.doubt), has("doubt")],
  disagreement: ["Where the model disagrees, the surest first", (item) => (disagrees(item) ? -1 - (item.confidence ?? 0) : 1 - (item.doubt ?? 0)), has("answer")],
  error: ["Labels suspected to be wrong first", (item) => down(item.error), has("error")],
  best: ["By score, highest first", (item) => down(scored(item)), ({ items }) => items.some((item) => scored(item) !== null)],
  worst: ["By score, lowest first", (item) => first(scored(item)), ({ items }) => items.some((item) => scored(item) !== null)],
  drawn: ["In the order of the draw", (item) => first(item.drawn), ({ filter, classes, items }) => (!classes.culling || filter === "audit") && items.some(isDrawn)],
};

export const BY_ANSWER = ["doubt", "disagreement", "error", "best", "worst"];

export const onOffer = (table, state) => Object.keys(table).filter((name) => table[name][2](state));

// What narrows every filter: {standing, answer, group, origin}, null where it does not.
export const WHOLE = { standing: null, answer: null, group: null, origin: null };
export const isNarrow = (narrow) => Object.values(narrow).some((one) => one !== null);

export function matcher(state) {
  const wanted = FILTERS[state.filter][1];
  const { standing, answer, group, origin } = state.narrow;
  return (item) => wanted(item, state) && (standing === null || item.decision === standing) && (answer === null || item.answer === answer)
    && (group === null || item.group === group) && (origin === null || item.origin === origin);
}

export function count(state, filter) {
  const wanted = FILTERS[filter][1];
  let found = 0;
  for (const item of state.items) if (wanted(item, state)) found += 1;
  return found;
}

// Samples of one series stay neighbours in every order but that of the draw: the series stands where its first one would.
export function arrange(state) {
  const { items, sort } = state;
  const wanted = matcher(state);
  const value = SORTS[sort][1];
  if (sort === "drawn") return items.filter(wanted).sort((a, b) => compare(value(a), value(b)));
  const units = new Map();
  items.forEach((item, place) => {
    if (!wanted(item)) return;
    const key = item.series ? `s${item.series.index}` : place;
    if (!units.has(key)) units.set(key, []);
    units.get(key).push(item);
  });
  const found = [...units.values()];
  if (value) {
    for (const unit of found) unit.sort((a, b) => compare(value(a), value(b)));
    found.sort((a, b) => compare(value(a[0]), value(b[0])));
  }
  return found.flat();
}

const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
