// Which photographs compare and survey show, and which are decoded ahead: pure functions of where one stands.

const NEXT = { compare: 2, survey: 6 };

// {set, setFrom, why}: a selection where there is one, else the series of the focus, else it and those after it.
export function setOf(state, most) {
  const selected = state.list.filter((item) => state.selected.has(item.id));
  if (selected.length >= 2) return chunk(state, selected, most, "selection", `${selected.length} selected`);
  const { focused } = state;
  const series = state.seriesOf(focused).filter((item) => state.places.has(item.id));
  if (series.length >= 2) {
    series.sort((a, b) => state.places.get(a.id) - state.places.get(b.id));
    const { kind, why, size } = focused.series;
    const part = series.length < size ? `, ${series.length} of them in this list` : "";
    return chunk(state, series, most, "series", `${kind[0].toUpperCase()}${kind.slice(1)} of ${size}${part}${why ? `: ${why}` : ""}`);
  }
  const next = state.list.slice(state.place, state.place + NEXT[state.view]);
  if (next.length < 2) next.unshift(...state.list.slice(Math.max(0, state.place - 1), state.place));
  return chunk(state, next, most, "next", `${next.length} from here on; in no series, none selected`);
}

// The part of these, of at most so many, that holds the focus.
function chunk(state, items, most, setFrom, why) {
  const at = Math.max(0, items.indexOf(state.focused));
  const first = Math.floor(at / most) * most;
  const part = items.slice(first, first + most);
  const said = part.length < items.length ? `${why} · ${first + 1} to ${first + part.length}` : why;
  return { set: part.map((item) => item.id), setFrom, why: said };
}

// Places around one, the likeliest to be wanted next first.
export function neighbours(place, reach, direction) {
  const found = [];
  for (let ahead = 1, behind = 1; ahead <= reach; ahead += 1) {
    found.push(place + ahead * direction);
    if (ahead % 2 === 1 || ahead > 4) {
      if (behind <= Math.min(reach, 4)) found.push(place - behind * direction);
      behind += 1;
    }
  }
  return found.filter((at) => at >= 0);
}
