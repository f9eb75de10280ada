// The sources of the project as cards, by group.

import { Button, Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { colourOf } from "../colours.js";
import { plural } from "../words.js";
import { factsOf, hashOf, pathOf } from "./words.js";

const AT_ONCE = 60;
const KINDS = { film: "Films", photograph: "Photographs" };

export function Films({ app, kept }) {
  const [state, setState] = hooks.useState({ sources: [], groups: [], total: null, next: null, problem: null });
  const [wanted, setWanted] = hooks.useState({ search: kept.search, kind: kept.kind, group: kept.group });
  const turn = hooks.useRef(0), root = hooks.useRef(null), field = hooks.useRef(null), end = hooks.useRef(null);

  const load = async (after) => {
    const now = ++turn.current;
    const query = new URLSearchParams({ kind: wanted.kind, after, count: AT_ONCE });
    if (wanted.search) query.set("search", wanted.search);
    if (wanted.group) query.set("group", wanted.group);
    try {
      const { reply } = await app.ask(`footage?${query}`);
      if (now !== turn.current) return;
      setState((before) => ({ ...reply, problem: null, sources: after ? [...before.sources, ...reply.sources] : reply.sources }));
      if (!after) app.say(plural(reply.total, wanted.kind));
    } catch (problem) {
      if (now === turn.current) setState((before) => ({ ...before, problem }));
    }
  };
  hooks.useEffect(() => {
    Object.assign(kept, wanted);
    const wait = setTimeout(() => load(0), state.total === null ? 0 : 150);
    return () => clearTimeout(wait);
  }, [wanted]);
  hooks.useEffect(() => {
    if (state.next === null || !end.current) return undefined;
    const seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && load(state.next), { rootMargin: "600px" });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [state.next, wanted]);
  hooks.useEffect(() => {
    if (!kept.opened || !state.sources.length) return;
    root.current?.querySelector(`[href="#/footage/${kept.opened}"]`)?.focus();
    kept.opened = null;
  }, [state.sources]);
  hooks.useEffect(() => app.keys("footage", {
    move: (key) => moveFocus(root.current, key),
    search: () => field.current.focus(),
    open: () => root.current.querySelector(".film")?.click(),
  }), []);

  const groups = grouped(state.sources), one = groups.every((group) => group.sources.length === 1);
  const change = (part) => setWanted((before) => ({ ...before, ...part }));
  return html`<div class="footage" ref=${root}>
    <div class="tools" role="search" aria-label="Footage">
      <label class="find"><span class="unseen">Search names and groups</span>
        <input type="search" ref=${field} placeholder="Search" value=${wanted.search} onInput=${(event) => change({ search: event.target.value })} aria-keyshortcuts="/" /></label>
      <div class="choice-row" role="group" aria-label="Kind">${Object.entries(KINDS).map(([kind, text]) => html`
        <${Button} key=${kind} text=${text} aria-pressed=${wanted.kind === kind} run=${() => change({ kind })} />`)}</div>
      ${state.groups.length > 1 && html`<label><span class="unseen">Group</span>
        <select value=${wanted.group} onChange=${(event) => change({ group: event.target.value })}>
          <option value="">All ${state.groups.length} groups</option>
          ${state.groups.map((group) => html`<option key=${group.name} value=${group.name}>${group.name}</option>`)}</select></label>`}
      ${state.total !== null && html`<p class="soft number">${plural(state.total, wanted.kind)}</p>`}
    </div>
    <h1 class="unseen">Footage</h1>
    ${state.problem && html`<${Message} title="The footage cannot be shown" alert>${state.problem.message}<//>`}
    ${state.total === 0 && !state.problem && html`<div class="opening"><${Message} kind="note" title=${wanted.search || wanted.group ? "Nothing is called so" : `No ${wanted.kind}s yet`}>
      ${wanted.search || wanted.group ? "Another word, or all groups, may find it." : html`Take footage in: <code>rushes ingest FOLDER</code>`}<//></div>`}
    ${one ? html`<ul class="cards">${state.sources.map((source) => html`<${Card} key=${source.source} source=${source} classes=${state.classes} kept=${kept} />`)}</ul>`
      : groups.map((group) => html`<section key=${group.name} aria-label=${group.name}><h2 class="heading">${group.name} <span class="soft number">${group.sources.length}</span></h2>
        <ul class="cards">${group.sources.map((source) => html`<${Card} key=${source.source} source=${source} classes=${state.classes} kept=${kept} />`)}</ul></section>`)}
    <div ref=${end}></div>
  </div>`;
}

function grouped(sources) {
  const found = new Map();
  for (const source of sources) {
    if (!found.has(source.group)) found.set(source.group, { name: source.group, sources: [] });
    found.get(source.group).sources.push(source);
  }
  return [...found.values()];
}

function Card({ source, classes: ordered, kept }) {
  const film = source.kind === "video";
  const counts = [film && (source.shots === null ? "not scanned" : plural(source.shots, "shot")), film && source.frames > 0 && plural(source.frames, "frame")].filter(Boolean);
  return html`<li><a class="film" href=${hashOf(source)} onClick=${() => { kept.opened = source.source; }}>
    <${Picture} src=${pathOf(source, "poster.jpg")} />
    <span class="name">${source.name}</span>
    <span class="soft small number">${factsOf(source).slice(0, 2).join(" · ")}</span>
    ${counts.length > 0 && html`<span class="soft small number">${counts.join(" · ")}</span>`}
    ${Object.entries(source.labels).map(([task, classes]) => html`<span key=${task} class="counts small"><span class="unseen">${task}: </span>
      ${Object.entries(classes).map(([name, count]) => html`<span key=${name} class="count"><i style=${{ background: colourOf(ordered[task], name).background }} />${name} ${count}</span>`)}</span>`)}
  </a></li>`;
}

// A picture that is asked for when it comes near, and leaves an even place where there is none.
export function Picture({ src }) {
  const [lost, setLost] = hooks.useState(false);
  return html`<span class="picture">${lost ? html`<span class="soft small">no picture</span>` : html`<img src=${src} alt="" loading="lazy" decoding="async" onError=${() => setLost(true)} />`}</span>`;
}

/* Move the focus between cards as arrows point. */
function moveFocus(root, key) {
  const cards = [...root.querySelectorAll(".film")];
  if (!cards.length) return;
  const at = cards.indexOf(document.activeElement);
  const columns = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length || 1;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  const to = key === "Home" ? 0 : key === "End" ? cards.length - 1 : at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + step));
  cards[to].focus();
  cards[to].scrollIntoView({ block: "nearest" });
}
