// One film: its player, its time, its shots.

import { isAbort } from "../ask.js";
import { colourOf } from "../colours.js";
import { focusOn, isLost } from "../focus.js";
import { hear } from "../hearing.js";
import { Icon } from "../icons.js";
import { Button, Message, Progress } from "../parts.js";
import { hooks, html } from "../view.js";
import { clock, number, percent, plural } from "../words.js";
import { Picture } from "./films.js";
import { Ruler } from "./ruler.js";
import { Strip } from "./strip.js";
import { classesOf, factsOf, pathOf, Sign } from "./words.js";

const JUMP_SECONDS = 1;
const NOTHING = "–"; // the value of a filter that looks for shots of which nothing is said

export function Film({ app, source, shot }) {
  const [film, setFilm] = hooks.useState(null);
  const [problem, setProblem] = hooks.useState(null);
  const [works, setWorks] = hooks.useState({});
  const [at, setAt] = hooks.useState(shot); // number of the shot
  const [filters, setFilters] = hooks.useState({});
  const [even, setEven] = hooks.useState(true);
  const [refused, setRefused] = hooks.useState(false); // the browser does not play the film itself
  const [playing, setPlaying] = hooks.useState(false);
  const [seconds, setSeconds] = hooks.useState(0);
  const video = hooks.useRef(null), root = hooks.useRef(null), told = hooks.useRef(null), known = hooks.useRef({}), wish = hooks.useRef(null), ended = hooks.useRef(null);

  const load = async () => {
    try {
      const { reply } = await app.ask(`footage/${source}`);
      setFilm(reply);
      app.title(reply.name);
      known.current = Object.fromEntries(reply.works.map((work) => [work.kind, work]));
      setWorks(known.current);
      if (reply.works.some(isBusy)) watch();
    } catch (error) {
      setProblem(error);
    }
  };
  // Take in how far a work is; its end is told once.
  const take = (work) => {
    const before = known.current[work.kind];
    known.current = { ...known.current, [work.kind]: work };
    setWorks(known.current);
    if (work.state === "failed" && before?.state !== "failed") app.say(`It failed: ${work.detail}`, { urgent: true });
    if (work.state === "done" && isBusy(before)) { ended.current = work.kind; app.say(work.kind === "scan" ? "The shots are found" : "The preview is made"); load(); }
  };
  const lose = (why) => Object.values(known.current).filter(isBusy).forEach((work) => take({ ...work, state: "failed", detail: why }));
  const watch = async () => {
    told.current?.abort();
    const { signal } = told.current = new AbortController(), over = { over: true };
    try {
      await hear({
        events: `footage/${source}/events`, names: ["progress", "done", "failed", "idle"], signal, href: `footage/${source}`,
        take: (name, work) => { if (name === "idle") return over; take(work); return undefined; },
        look: ({ works: found }) => { found.forEach(take); return found.some(isBusy) ? undefined : over; },
      });
      lose("The server no longer knows of it: it was started anew, perhaps. Begin once more.");
    } catch (error) {
      if (!isAbort(error)) lose(error.message);
    }
  };
  const begin = async (kind, query = "") => {
    try {
      const { reply } = await app.ask(`footage/${source}/${kind}${query}`, { method: "POST" });
      take({ ...reply, state: "queued" });
      app.say(kind === "scan" ? "Shots are being found" : "A preview is being made");
      if (reply.state === "done") take(reply); else watch();
    } catch (error) {
      take({ kind, state: "failed", detail: error.message });
    }
  };
  hooks.useEffect(() => { load(); return () => told.current?.abort(); }, []);
  hooks.useEffect(() => { // what was pressed is gone once there is something to look at
    if (ended.current && isLost()) focusOn(root.current?.querySelector(ended.current === "scan" ? ".shot[aria-current], .shot" : ".transport [aria-label=Play]"));
    ended.current = null;
  }, [film]);
  hooks.useEffect(() => setAt(shot), [shot]);

  const shots = film?.shot_list ?? [];
  const seen = hooks.useMemo(() => shots.filter((one) => fits(film, one, filters)), [film, filters]);
  const current = shots[at - 1] ?? null, within = !current || seen.includes(current);
  const rate = film?.rate ? film.rate.split("/").reduce((over, under) => over / under) * 1 : 25;

  // Past the beginning by half a frame, so that no rounding shows the frame before.
  const seek = (time) => {
    const to = Math.min(Math.max(0, time), (film.duration_seconds ?? 0) - 0.5 / rate);
    setSeconds(to);
    if (video.current?.readyState > 0) video.current.currentTime = to + 0.5 / rate; else wish.current = to;
  };
  const choose = (number, { play = false, speak = true } = {}) => {
    const one = shots[number - 1];
    if (!one) return;
    setAt(number);
    seek(one.start_seconds);
    history.replaceState(null, "", `#/footage/${source}?shot=${number}`);
    if (play) video.current?.play()?.catch(() => {});
    if (speak) app.say(sayShot(one));
  };
  const step = (by) => {
    if (!seen.length) return;
    const place = seen.findIndex((one) => one.number >= at), here = seen[place]?.number === at;
    const to = by > 0 ? (here ? place + 1 : place) : place < 0 ? seen.length - 1 : place - 1;
    choose(seen[Math.min(seen.length - 1, Math.max(0, to < 0 && by > 0 ? seen.length - 1 : to))].number);
    requestAnimationFrame(() => focusShot(root.current));
  };
  const playOrPause = () => {
    if (!video.current) return;
    if (video.current.paused) video.current.play().catch(() => {}); else video.current.pause();
  };
  const filterBy = (name, value) => setFilters((before) => {
    const { [name]: _, ...rest } = before;
    return value ? { ...rest, [name]: value } : rest;
  });
  const nextFilter = (name) => {
    const choices = ["", ...choicesOf(film, name).map(([value]) => value)];
    if (choices.length < 2) return;
    const value = choices[(choices.indexOf(filters[name] ?? "") + 1) % choices.length];
    filterBy(name, value);
    app.say(value ? `${name.replace("label:", "")} ${value}` : `all of ${name.replace("label:", "")}`);
  };
  const acts = {
    step: (key) => step(key === "ArrowLeft" ? -1 : 1),
    ends: (key) => seen.length && choose(seen.at(key === "Home" ? 0 : -1).number),
    from: () => choose(at, { play: true }),
    play: playOrPause,
    jump: (key) => seek((video.current?.currentTime ?? seconds) + (key === "[" ? -JUMP_SECONDS : JUMP_SECONDS)),
    frame: (key) => { video.current?.pause(); seek((video.current?.currentTime ?? seconds) - 0.5 / rate + (key === "," ? -1 : 1) / rate); },
    movement: () => nextFilter("movement"),
    scale: () => nextFilter("scale"),
    class: () => nextFilter(`label:${Object.keys(film?.classes ?? {}).find((task) => choicesOf(film, `label:${task}`).length) ?? ""}`),
    widths: () => { setEven(!even); app.say(even ? "As long as they last" : "All alike"); },
    find: () => film && !film.shot_list && begin("scan"),
    back: () => (Object.keys(filters).length ? setFilters({}) : app.go("#/footage")),
  };
  const doing = hooks.useRef(acts);
  doing.current = acts;
  hooks.useEffect(() => app.keys("footage", Object.fromEntries(Object.keys(acts).map((act) => [act, (...told) => doing.current[act](...told)]))), []);
  hooks.useEffect(() => {
    if (!playing) return undefined;
    let asked = requestAnimationFrame(function look() {
      const time = video.current?.currentTime ?? 0;
      setSeconds(time);
      const number = shotAt(shots, time);
      if (number) setAt(number);
      asked = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(asked);
  }, [playing, shots]);

  if (problem) return html`<div class="opening"><${Message} title="The film cannot be shown" alert>${problem.message}<//><p><a href="#/footage">All footage</a></p></div>`;
  if (!film) return html`<p class="opening soft">Reading the film …</p>`;
  if (film.kind !== "video") return html`<${Photograph} film=${film} />`;
  const src = !refused && film.plays ? pathOf(film, "file") : film.has_preview ? pathOf(film, "preview.mp4") : null;
  return html`<div class="one-film" ref=${root}>
    <${Head} film=${film} works=${works} begin=${begin} />
    ${film.problem && html`<${Message} title="The film cannot be read">${film.problem}<//>`}
    ${film.warnings.map((text) => html`<${Message} key=${text} kind="note">${text}<//>`)}
    <div class="looking">
      <div class="stage">${src
        ? html`<video key=${src} ref=${video} src=${src} preload="auto" playsinline aria-label=${`Film ${film.name}`}
            onClick=${playOrPause} onPlay=${() => setPlaying(true)} onPause=${() => setPlaying(false)}
            onLoadedMetadata=${() => { seek(wish.current ?? current?.start_seconds ?? 0); wish.current = null; }}
            onError=${() => film.plays && !refused && setRefused(true)} />`
        : html`<${NoPlayer} film=${film} work=${works.preview} current=${current} begin=${begin} />`}</div>
      <${Facts} film=${film} shot=${current} within=${within} />
    </div>
    <div class="transport">
      <${Button} icon="back" label="Previous shot" keys="ArrowLeft" run=${() => step(-1)} disabled=${!seen.length} />
      <${Button} icon=${playing ? "pause" : "play"} label=${playing ? "Pause" : "Play"} keys=" " run=${playOrPause} disabled=${!src} />
      <${Button} icon="on" label="Next shot" keys="ArrowRight" run=${() => step(1)} disabled=${!seen.length} />
      <input type="range" aria-label="Time" min="0" max=${film.duration_seconds} step=${1 / rate} value=${seconds}
        aria-valuetext=${clock(seconds, 1)} onInput=${(event) => { seek(Number(event.target.value)); setAt(shotAt(shots, Number(event.target.value)) || at); }} />
      <span class="number small">${clock(seconds, 2)} <span class="soft">/ ${clock(film.duration_seconds, 2)}</span></span>
    </div>
    <${Ruler} film=${film} shots=${shots} seen=${seen} at=${at} seconds=${seconds} choose=${choose} seek=${seek} />
    ${film.shot_list ? html`<${Filters} film=${film} at=${at} within=${within} playing=${playing} filters=${filters} filterBy=${filterBy} seen=${seen} even=${even} setEven=${setEven} clear=${() => { setFilters({}); requestAnimationFrame(() => isLost() && focusOn(root.current?.querySelector(".tools select"))); }} />
      <${Strip} film=${film} shots=${seen} at=${at} even=${even} choose=${choose} />`
      : !film.problem && html`<div class="opening"><${Message} kind="note" title="The shots of this film were not found yet">Each frame is looked at once; what is found is kept in the project.<//>
        <p class="choice-row"><${Button} primary text="Find its shots" keys="g" run=${() => begin("scan")} disabled=${isBusy(works.scan)} /></p><${Doing} work=${works.scan} label="Finding shots" /></div>`}
  </div>`;
}

const isBusy = (work) => work?.state === "queued" || work?.state === "running";
const shotAt = (shots, time) => {
  let low = 0, high = shots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shots[middle].start_seconds <= time + 1e-6) low = middle + 1; else high = middle;
  }
  return low;
};
const focusShot = (root) => {
  const one = root?.querySelector(".shot[aria-current]");
  if (root?.querySelector(".strip")?.contains(document.activeElement)) one?.focus({ preventScroll: true });
  one?.scrollIntoView({ block: "nearest" });
};

function sayShot(shot) {
  const said = Object.entries(shot.answers).map(([task, answer]) => `${task} ${answer.class} ${percent(answer.probability)}`);
  return [`Shot ${shot.number}`, `${(shot.stop_seconds - shot.start_seconds).toFixed(1)} seconds`, ...(shot.blank ? ["blank"] : said)].join(", ");
}

const labelsWithin = (film, shot, task) => film.label_list.filter((one) => one.task === task
  && one.start_seconds < shot.stop_seconds - 1e-6 && (one.stop_seconds > shot.start_seconds + 1e-6 || one.start_seconds >= shot.start_seconds - 1e-6));

function fits(film, shot, filters) {
  return Object.entries(filters).every(([name, value]) => {
    if (name.startsWith("label:")) return labelsWithin(film, shot, name.slice(6)).some((one) => one.class === value);
    return (shot.answers[name]?.class ?? NOTHING) === value;
  });
}

// [[value, how many shots], …] of a filter, in the order of classes; what is not said comes last.
function choicesOf(film, name) {
  const counts = new Map();
  for (const shot of film?.shot_list ?? []) {
    const values = name.startsWith("label:") ? new Set(labelsWithin(film, shot, name.slice(6)).map((one) => one.class)) : [shot.answers[name]?.class ?? NOTHING];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  if (counts.size === 0 || (counts.size === 1 && counts.has(NOTHING))) return [];
  return [...classesOf(film, name.replace("label:", "")), NOTHING].filter((value) => counts.has(value)).map((value) => [value, counts.get(value)]);
}

export const tasksOf = (film) => [...new Set((film.shot_list ?? []).flatMap((shot) => Object.keys(shot.answers)))].sort((one, other) => (one === "scale") - (other === "scale") || one.localeCompare(other));

function Head({ film, works, begin }) {
  const [bundle, setBundle] = hooks.useState(film.bundles[0] ?? "");
  const lengths = film.lengths && `average shot ${film.lengths.average_seconds.toFixed(1)} s, median ${film.lengths.median_seconds.toFixed(1)} s`;
  return html`<header class="film-head">
    <a class="button plain square" href="#/footage" aria-label="All footage" title="All footage (Esc)"><${Icon} name="back" /></a>
    <div class="about"><h1>${film.name}</h1><p class="soft small number">${[...(film.group !== film.name ? [film.group] : []), ...factsOf(film), ...(film.shots ? [plural(film.shots, "shot")] : []), ...(lengths ? [lengths] : [])].join(" · ")}</p></div>
    <div class="choice-row acts">
      ${film.bundles.length > 0 && film.shot_list && html`${film.bundles.length > 1 && html`<label><span class="unseen">Bundle of shots</span><select value=${bundle} onChange=${(event) => setBundle(event.target.value)}>${film.bundles.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>`}
        <${Button} text=${film.bundles.length > 1 ? "Ask this bundle" : `Ask ${bundle}`} run=${() => begin("scan", `?bundle=${encodeURIComponent(bundle)}`)} disabled=${isBusy(works.scan)} />`}
      ${film.exports.length > 0 && html`<span class="exports" role="group" aria-label="Download the shots"><${Icon} name="save" />${["csv", "edl", "otio", "fcpxml", "json"].map((format) => html`<a key=${format} href=${pathOf(film, `shots.${format}`)} download aria-label=${`Shots as ${format}`}>${format}</a>`)}</span>`}
    </div>
    ${film.shot_list && html`<${Doing} work=${works.scan} label="Asking the bundle" />`}
  </header>`;
}

function Doing({ work, label }) {
  if (!work || work.state === "done") return null;
  if (work.state === "failed") return html`<div class="doing"><${Message} title="It failed" alert>${work.detail}<//></div>`;
  const far = work.total ? `${number(work.done)} of ${plural(work.total, "frame")}` : work.state === "queued" ? "waiting for its turn" : "";
  return html`<div class="doing"><span class="small soft number">${label}${far && `: ${far}`}</span><${Progress} label=${label} done=${work.done} total=${work.total} /></div>`;
}

function NoPlayer({ film, work, current, begin }) {
  return html`<div class="no-player">${current && html`<${Picture} key=${current.number} src=${pathOf(film, "shots", `${current.number}.jpg`)} />`}
    <div class="over">${film.problem ? null : html`<p>Browsers do not play ${film.codec} as it is here.</p><${Button} primary text="Make a preview to play" run=${() => begin("preview")} disabled=${isBusy(work)} /><${Doing} work=${work} label="Making a preview" />`}</div></div>`;
}

function Facts({ film, shot, within }) {
  if (!shot) return html`<div class="card facts"><p class="soft">${film.shot_list ? "No shot is chosen." : "No shots yet."}</p></div>`;
  const labels = film.label_list.filter((one) => labelsWithin(film, shot, one.task).includes(one));
  const named = [...labels.reduce((counts, one) => { const key = `${one.task}\n${one.class}\n${one.origin}`; return counts.set(key, (counts.get(key) ?? 0) + 1); }, new Map())];
  return html`<section class="card facts" aria-label=${`Shot ${shot.number}`}>
    <h2>Shot ${shot.number} <span class="soft">of ${film.shots}</span>${!within && html` <span class="chip">not in the filter</span>`}</h2>
    <dl><div><dt>Time</dt><dd class="number">${shot.start_timecode} – ${shot.stop_timecode}</dd></div>
      <div><dt>Length</dt><dd class="number">${(shot.stop_seconds - shot.start_seconds).toFixed(2)} s <span class="soft">frames ${shot.start}–${shot.stop - 1}</span></dd></div>
      <div><dt>Begins</dt><dd>${shot.cut === null ? "with the film" : html`${shot.cut === "hard" ? "hard cut" : shot.cut} <span class="soft number">${percent(shot.confidence)}</span>`}</dd></div>
      ${Object.entries(shot.answers).map(([task, answer]) => html`<div key=${task}><dt>${task}</dt><dd><span class="answer"><${Sign} task=${task} name=${answer.class} /><b>${answer.class}</b> <span class="number">${percent(answer.probability)}</span></span>
        ${answer.reason && html`<span class="reason">${answer.reason}</span>`}<span class="soft small">${answer.by === "rushes" ? "measured in the scan" : `said by ${answer.by}`}</span></dd></div>`)}
      ${shot.blank && html`<div><dt>Picture</dt><dd>blank</dd></div>`}
      ${!shot.blank && !Object.keys(shot.answers).length && html`<div><dt>Movement</dt><dd class="soft">too short, or nothing to follow</dd></div>`}
      ${named.length > 0 && html`<div><dt>Labels</dt><dd>${named.map(([key, count]) => { const [task, name, origin] = key.split("\n"); return html`<span key=${key} class="label"><i style=${{ background: colourOf(classesOf(film, task), name).background }} />${name}${count > 1 ? ` × ${count}` : ""} <span class="soft small">${task}, ${origin}</span></span>`; })}</dd></div>`}
    </dl></section>`;
}

function Filters({ film, at, within, playing, filters, filterBy, seen, even, setEven, clear }) {
  const names = [...tasksOf(film), ...Object.keys(film.classes).map((task) => `label:${task}`)].map((name) => [name, choicesOf(film, name)]).filter(([, choices]) => choices.length);
  return html`<div class="tools" role="group" aria-label="Which shots are shown">
    ${names.map(([name, choices]) => html`<label key=${name}><span class="soft small">${name.startsWith("label:") ? `labelled ${name.slice(6)}` : name}</span>
      <select value=${filters[name] ?? ""} onChange=${(event) => filterBy(name, event.target.value)}><option value="">all</option>
        ${choices.map(([value, count]) => html`<option key=${value} value=${value}>${value === NOTHING ? "not said" : value} (${count})</option>`)}</select></label>`)}
    <${Button} text="By length" label="Pictures as wide as shots last" keys="w" aria-pressed=${!even} run=${() => setEven(!even)} />
    <p class="soft number" aria-live="polite">${seen.length === film.shots ? plural(film.shots, "shot") : `${seen.length} of ${plural(film.shots, "shot")}`}</p>
    ${!within && html`<p class="number">Shot ${at} ${playing ? "plays" : "is chosen"}, which is not among them</p>`}
    ${Object.keys(filters).length > 0 && html`<${Button} plain text="Show all" keys="Escape" run=${clear} />`}
  </div>`;
}

function Photograph({ film }) {
  return html`<div class="one-film"><header class="film-head"><a class="button plain square" href="#/footage" aria-label="All footage"><${Icon} name="back" /></a>
    <div class="about"><h1>${film.name}</h1><p class="soft small number">${[film.group, ...factsOf(film), film.captured_at].filter(Boolean).join(" · ")}</p></div></header>
    <div class="stage still"><${Picture} src=${pathOf(film, "poster.jpg")} /></div>
    ${film.label_list.length > 0 && html`<p class="choice-row">${film.label_list.map((one) => html`<span key=${one.task} class="chip">${one.task}: ${one.class} <span class="soft">${one.origin}</span></span>`)}</p>`}</div>`;
}
