// One film: its player, its time, its shots.

import { isAbort } from "../ask.js";
import { colourOf } from "../colours.js";
import { focusOn, isLost } from "../focus.js";
import { hear } from "../hearing.js";
import { Icon } from "../icons.js";
import { Button, Message, Progress } from "../parts.js";
import { hooks, html } from "../view.js";
import { clock, number, percent, plural } from "../words.js";
import { Dialogues } from "./dialogues.js";
import { Downloads } from "./downloads.js";
import { Picture } from "./films.js";
import { choicesOf, Filters, filtersOf, fits, labelsWithin, nameOf } from "./filters.js";
import { Finding } from "./finding.js";
import { Measured } from "./measured.js";
import { People } from "./people.js";
import { deepest, Ruler } from "./ruler.js";
import { Strip } from "./strip.js";
import { SIDES, steady, Structure } from "./structure.js";
import { Subtitles } from "./subtitles.js";
import { classesOf, factsOf, pathOf, Sign } from "./words.js";

const JUMP_SECONDS = 1;
const PANELS = { shots: "Shots", dialogues: "Dialogues", people: "Characters", subtitles: "Subtitles", facts: "Facts" };
const SAID = { // of a work: as it begins, while it goes on, at its end
  scan: ["Shots are being found", "Finding shots", "The shots are found"],
  preview: ["A preview is being made", "Making a preview", "The preview is made"],
  structure: ["Scenes are being found", "Finding scenes", "The scenes are found"],
};

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
  const [model, setModel] = hooks.useState(null); // the structure, where it was found
  const [unfound, setUnfound] = hooks.useState(null); // why it cannot be shown
  const [panel, setPanel] = hooks.useState("shots");
  const [finding, setFinding] = hooks.useState(false);
  const [zoom, setZoom] = hooks.useState(1);
  const [person, setPerson] = hooks.useState(1); // number of the character that is looked at
  const [alone, setAlone] = hooks.useState(null); // the dialogue that is played alone
  const [undoes, setUndoes] = hooks.useState(0); // names that were given here and can be taken back
  const video = hooks.useRef(null), root = hooks.useRef(null), told = hooks.useRef(null), known = hooks.useRef({}), wish = hooks.useRef(null), ended = hooks.useRef(null), field = hooks.useRef(null);

  const load = async () => {
    try {
      const { reply } = await app.ask(`footage/${source}`);
      const understood = await ask(reply);
      const fitting = understood?.table.shots.length === reply.shots ? understood : null; // as the shots are now
      setModel(fitting);
      if (!fitting) setPanel("shots");
      setFilm(reply);
      app.title(reply.name);
      known.current = Object.fromEntries(reply.works.map((work) => [work.kind, work]));
      setWorks(known.current);
      if (reply.works.some(isBusy)) watch();
    } catch (error) {
      setProblem(error);
    }
  };
  // The structure of a film that was asked for; null where it was not, or nothing of it is kept any more.
  const ask = async (film) => {
    setUnfound(film.structure?.problem && !film.problem ? { message: film.structure.problem } : null);
    if (!film.structure?.kept) return null;
    try {
      return new Structure((await app.ask(`footage/${source}/structure`)).reply);
    } catch (error) {
      setUnfound(error);
      return null;
    }
  };
  // Take in how far a work is; its end is told once.
  const take = (work) => {
    const before = known.current[work.kind];
    known.current = { ...known.current, [work.kind]: work };
    setWorks(known.current);
    if (work.state === "failed" && before?.state !== "failed") app.say(`It failed: ${work.detail}`, { urgent: true });
    if (work.state === "done" && isBusy(before)) { ended.current = work.kind; app.say(SAID[work.kind][2]); load(); }
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
      app.say(SAID[kind][0]);
      if (reply.state === "done") take(reply); else watch();
    } catch (error) {
      take({ kind, state: "failed", detail: error.message });
    }
  };
  hooks.useEffect(() => { load(); return () => told.current?.abort(); }, []);
  hooks.useEffect(() => { // what was pressed is gone once there is something to look at
    if (ended.current && isLost()) focusOn(root.current?.querySelector(ended.current === "preview" ? ".transport [aria-label=Play]" : ".shot[aria-current], .shot"));
    ended.current = null;
  }, [film]);
  hooks.useEffect(() => setAt(shot), [shot]);
  hooks.useEffect(() => { if (panel === "shots") focusShot(root.current); }, [panel]); // where one was

  const shots = film?.shot_list ?? NONE;
  const seen = hooks.useMemo(() => shots.filter((one) => fits(film, model, one, filters)), [film, model, filters]);
  const offered = hooks.useMemo(() => (film?.shot_list ? filtersOf(film, model) : NONE), [film, model]);
  const current = shots[at - 1] ?? null, within = !current || seen.includes(current);
  const rate = film?.rate ? film.rate.split("/").reduce((over, under) => over / under) * 1 : 25;

  // Past the beginning by half a frame, so that no rounding shows the frame before. lands: the shot there is chosen too.
  const seek = (time, { lands = false } = {}) => {
    const to = Math.min(Math.max(0, time), (film.duration_seconds ?? 0) - 0.5 / rate);
    setAlone(null);
    setSeconds(to);
    if (video.current?.readyState > 0) video.current.currentTime = to + 0.5 / rate; else wish.current = to;
    if (lands) setAt(shotAt(shots, to) || at);
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
  // To the next or the previous of scenes or dialogues, by the shots that they begin with.
  const leap = (spans, by, say) => {
    const to = by > 0 ? spans.find((one) => one.first_shot > at) : spans.findLast((one) => one.first_shot < at);
    if (!to) { app.show(by > 0 ? "There is none after it" : "There is none before it"); return; }
    choose(to.first_shot, { speak: false });
    app.say(say(to));
    requestAnimationFrame(() => focusShot(root.current));
  };
  const playDialogue = (number) => {
    const one = model.dialogues[number - 1];
    choose(one.first_shot, { speak: false });
    setAlone(one);
    video.current?.play()?.catch(() => {});
    app.say(`Dialogue ${number} alone`);
  };
  const open = (name) => { setPanel(name); app.say(PANELS[name]); };
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
  const tell = (text, urgent = false) => { app.show(text); app.say(text, { urgent }); };
  // null where it is kept, else why it is not. Who is meant is said by the face: by a number another may stand in between.
  const name = async (one, text) => {
    try {
      const { reply } = await app.ask(`footage/${source}/characters/${one.character}`, { method: "POST", body: { name: text, best_frame: one.best_frame, box: one.box } });
      setModel(new Structure(reply));
      setUndoes((count) => count + 1);
      tell(text ? `${one.title} is ${text} now` : `${one.title} has no name any more`);
      return null;
    } catch (error) {
      tell(`It was not kept: ${error.message}`, true);
      if (error.status === 409) load(); // as they are by now
      return error.message;
    }
  };
  const undo = async () => {
    if (!undoes) return;
    setUndoes((count) => count - 1);
    try {
      await app.ask("footage/people/undo", { method: "POST" });
      tell("The last name is taken back");
    } catch (error) {
      setUndoes(0);
      tell(`It was not taken back: ${error.message}`, true);
    }
    await load();
  };
  const deeds = {
    choose, seek, filterBy, playDialogue, undo, load, name,
    look: setPerson, find: () => setFinding(true), widths: () => acts.widths(),
    clear: () => { setFilters({}); requestAnimationFrame(() => isLost() && focusOn(root.current?.querySelector(".tools select"))); },
    showOnly: (filter, value) => { setFilters({ [filter]: String(value) }); setPanel("shots"); app.say(`Only shots of ${nameOf(filter)} ${value}`); },
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
    scene: (key) => model && leap(model.scenes, key.endsWith("Left") ? -1 : 1, (one) => `Scene ${one.scene}`),
    dialogue: (key) => model && leap(model.dialogues, key.startsWith("Shift") ? -1 : 1, (one) => `Dialogue ${one.dialogue}`),
    alone: () => { const one = model?.dialogueOf(at); if (one) playDialogue(one.dialogue); else app.show("No dialogue is here"); },
    scenes: () => film?.structure && !film.problem && !isBusy(works.structure) && setFinding(true),
    panel: (key) => model && open(Object.keys(PANELS)[Number(key) - 1]),
    words: () => { if (model) { open("subtitles"); requestAnimationFrame(() => field.current?.focus()); } },
    zoom: (key) => setZoom((before) => Math.min(deepest(film), Math.max(1, key === "-" ? before / 2 : before * 2))),
    undo,
    back: () => (alone ? setAlone(null) : Object.keys(filters).length ? setFilters({}) : app.go("#/footage")),
  };
  const doing = hooks.useRef(acts), dealt = hooks.useRef(deeds);
  doing.current = acts;
  dealt.current = deeds;
  const does = hooks.useMemo(() => Object.fromEntries(Object.keys(deeds).map((deed) => [deed, (...told) => dealt.current[deed](...told)])), []); // the same ones always
  hooks.useEffect(() => app.keys("footage", Object.fromEntries(Object.keys(acts).map((act) => [act, (...told) => doing.current[act](...told)]))), []);
  hooks.useEffect(() => {
    if (!playing) return undefined;
    let asked = requestAnimationFrame(function look() {
      const time = video.current?.currentTime ?? 0;
      if (alone && time >= alone.stop_seconds - 0.5 / rate) {
        video.current.pause();
        setAlone(null);
        return;
      }
      setSeconds(time);
      const number = shotAt(shots, time);
      if (number) setAt(number);
      asked = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(asked);
  }, [playing, shots, alone]);

  if (problem) return html`<div class="opening"><${Message} title="The film cannot be shown" alert>${problem.message}<//><p><a href="#/footage">All footage</a></p></div>`;
  if (!film) return html`<p class="opening soft">Reading the film …</p>`;
  if (film.kind !== "video") return html`<${Photograph} film=${film} />`;
  const src = !refused && film.plays ? pathOf(film, "file") : film.has_preview ? pathOf(film, "preview.mp4") : null;
  const line = model?.subtitles && model.subtitles.fit !== "other film" ? model.lineAt(seconds) : null;
  return html`<div class="one-film" ref=${root}>
    <${Head} film=${film} model=${model} works=${works} begin=${begin} find=${does.find} />
    ${film.problem && html`<${Message} title="The film cannot be read">${film.problem}<//>`}
    ${unfound && html`<${Message} title="Its scenes cannot be shown">${unfound.message}<//>`}
    ${film.warnings.map((text) => html`<${Message} key=${text} kind="note">${text}<//>`)}
    <div class="looking">
      <div class="stage">${src
        ? html`<video key=${src} ref=${video} src=${src} preload="auto" playsinline aria-label=${`Film ${film.name}`}
            onClick=${playOrPause} onPlay=${() => setPlaying(true)} onPause=${() => setPlaying(false)}
            onLoadedMetadata=${() => { seek(wish.current ?? current?.start_seconds ?? 0); wish.current = null; }}
            onError=${() => film.plays && !refused && setRefused(true)} />`
        : html`<${NoPlayer} film=${film} work=${works.preview} current=${current} begin=${begin} />`}
        ${line && html`<p class="caption" aria-hidden="true"><span>${line.text}</span></p>`}</div>
      <${Facts} film=${film} model=${model} shot=${current} within=${within} does=${does} />
    </div>
    <div class="transport">
      <${Button} icon="back" label="Previous shot" keys="ArrowLeft" run=${() => step(-1)} disabled=${!seen.length} />
      <${Button} icon=${playing ? "pause" : "play"} label=${playing ? "Pause" : "Play"} keys=" " run=${playOrPause} disabled=${!src} />
      <${Button} icon="on" label="Next shot" keys="ArrowRight" run=${() => step(1)} disabled=${!seen.length} />
      ${alone && html`<span class="chip">dialogue ${alone.dialogue} alone</span>`}
      <input type="range" aria-label="Time" min="0" max=${film.duration_seconds} step=${1 / rate} value=${seconds}
        aria-valuetext=${clock(seconds, 1)} onInput=${(event) => seek(Number(event.target.value), { lands: true })} />
      <span class="number small">${clock(seconds, 2)} <span class="soft">/ ${clock(film.duration_seconds, 2)}</span></span>
      ${deepest(film) > 1 && html`<span class="zooms" role="group" aria-label="Scale of time"><${Button} plain text="−" label="Time smaller" keys="-" run=${() => acts.zoom("-")} disabled=${zoom === 1} /><${Button} plain text="+" label="Time larger" keys="+" run=${() => acts.zoom("+")} disabled=${zoom >= deepest(film)} /></span>`}
    </div>
    <${Ruler} film=${film} model=${model} shots=${shots} seen=${seen} at=${at} seconds=${seconds} zoom=${zoom} person=${person} does=${does} />
    ${model && html`<div class="panels"><div class="choice-row" role="group" aria-label="What of the film is shown">${Object.entries(PANELS).map(([key, text], place) => html`<${Button} key=${key} plain text=${text} keys=${String(place + 1)} look="panel" aria-pressed=${panel === key} run=${() => open(key)}>${countOf(model, key)}<//>`)}</div></div>`}
    ${film.shot_list ? html`
      ${panel === "shots" && html`<${Choices} film=${film} model=${model} offered=${offered} at=${at} within=${within} playing=${playing} filters=${filters} seen=${seen} even=${even} does=${does} />`}
      <div class="below" hidden=${panel !== "shots"}><${Strip} film=${film} model=${model} shots=${seen} at=${at} even=${even} does=${does} /></div>
      ${panel !== "shots" && html`<div class="below" key=${panel} ...${panel === "facts" ? FACTS : {}}>${
        panel === "dialogues" ? html`<${Dialogues} film=${film} model=${model} does=${does} />`
        : panel === "people" ? html`<${People} app=${app} film=${film} model=${model} person=${person} undoes=${undoes} does=${does} />`
        : panel === "subtitles" ? html`<${Subtitles} film=${film} model=${model} field=${field} does=${does} />`
        : html`<${Measured} film=${film} model=${model} does=${does} />`}</div>`}`
      : !film.problem && html`<div class="opening"><${Message} kind="note" title="The shots of this film were not found yet">Each frame is looked at once; what is found is kept in the project.<//>
        <p class="choice-row"><${Button} primary text="Find its shots" keys="g" run=${() => begin("scan")} disabled=${isBusy(works.scan)} /></p><${Doing} work=${works.scan} label="Finding shots" /></div>`}
    ${finding && html`<${Finding} film=${film} close=${() => setFinding(false)} begin=${begin} />`}
  </div>`;
}

const NONE = [];
const FACTS = { tabindex: "0", role: "region", "aria-label": "Facts" }; // little in it takes the focus, and it scrolls
const Choices = steady(Filters);

function countOf(model, panel) {
  const count = { shots: model.shots.length, dialogues: model.dialogues.length, people: model.hasFaces ? model.characters.length : null, subtitles: model.subtitles?.entries.length ?? null }[panel] ?? null;
  return count === null ? null : html` <span class="soft number small">${number(count)}</span>`;
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

function Head({ film, model, works, begin, find }) {
  const [bundle, setBundle] = hooks.useState(film.bundles[0] ?? "");
  const lengths = film.lengths && `average shot ${film.lengths.average_seconds.toFixed(1)} s, median ${film.lengths.median_seconds.toFixed(1)} s`;
  return html`<header class="film-head">
    <a class="button plain square" href="#/footage" aria-label="All footage" title="All footage (Esc)"><${Icon} name="back" /></a>
    <div class="about"><h1>${film.name}</h1><p class="soft small number">${[...(film.group !== film.name ? [film.group] : []), ...factsOf(film), ...(film.shots ? [plural(film.shots, "shot")] : []), ...(lengths ? [lengths] : [])].join(" · ")}</p></div>
    <div class="choice-row acts">
      ${film.structure && film.shot_list && html`<${Button} text=${model ? "Find scenes again" : "Find scenes"} primary=${!model} keys="f" run=${find} disabled=${isBusy(works.structure)} />`}
      ${film.bundles.length > 0 && film.shot_list && html`${film.bundles.length > 1 && html`<label><span class="unseen">Bundle of shots</span><select value=${bundle} onChange=${(event) => setBundle(event.target.value)}>${film.bundles.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>`}
        <${Button} text=${film.bundles.length > 1 ? "Ask this bundle" : `Ask ${bundle}`} run=${() => begin("scan", `?bundle=${encodeURIComponent(bundle)}`)} disabled=${isBusy(works.scan)} />`}
      ${film.exports.length > 0 && html`<${Downloads} film=${film} />`}
    </div>
    ${film.shot_list && html`<${Doing} work=${works.scan} label="Asking the bundle" /><${Doing} work=${works.structure} label=${SAID.structure[1]} />`}
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

function Facts({ film, model, shot, within, does }) {
  if (!shot) return html`<div class="card facts"><p class="soft">${film.shot_list ? "No shot is chosen." : "No shots yet."}</p></div>`;
  const labels = film.label_list.filter((one) => labelsWithin(film, shot, one.task).includes(one));
  const named = [...labels.reduce((counts, one) => { const key = `${one.task}\n${one.class}\n${one.origin}`; return counts.set(key, (counts.get(key) ?? 0) + 1); }, new Map())];
  return html`<section class="card facts" tabindex="0" aria-label=${`Shot ${shot.number}`}>
    <h2>Shot ${shot.number} <span class="soft">of ${film.shots}</span>${!within && html` <span class="chip">not in the filter</span>`}</h2>
    <dl><div><dt>Time</dt><dd class="number">${shot.start_timecode} – ${shot.stop_timecode}</dd></div>
      <div><dt>Length</dt><dd class="number">${(shot.stop_seconds - shot.start_seconds).toFixed(2)} s <span class="soft">frames ${shot.start}–${shot.stop - 1}</span></dd></div>
      <div><dt>Begins</dt><dd>${shot.cut === null ? "with the film" : html`${shot.cut === "hard" ? "hard cut" : shot.cut} <span class="soft number">${percent(shot.confidence)}</span>`}</dd></div>
      ${model && html`<${InFilm} model=${model} shot=${shot} does=${does} />`}
      ${Object.entries(shot.answers).map(([task, answer]) => html`<div key=${task}><dt>${task}</dt><dd><span class="answer"><${Sign} task=${task} name=${answer.class} /><b>${answer.class}</b> <span class="number">${percent(answer.probability)}</span></span>
        ${answer.reason && html`<span class="reason">${answer.reason}</span>`}<span class="soft small">${answer.by === "rushes" ? "measured in the scan" : `said by ${answer.by}`}</span></dd></div>`)}
      ${shot.blank && html`<div><dt>Picture</dt><dd>blank</dd></div>`}
      ${!shot.blank && !Object.keys(shot.answers).length && html`<div><dt>Movement</dt><dd class="soft">too short, or nothing to follow</dd></div>`}
      ${named.length > 0 && html`<div><dt>Labels</dt><dd>${named.map(([key, count]) => { const [task, name, origin] = key.split("\n"); return html`<span key=${key} class="label"><i style=${{ background: colourOf(classesOf(film, task), name).background }} />${name}${count > 1 ? ` × ${count}` : ""} <span class="soft small">${task}, ${origin}</span></span>`; })}</dd></div>`}
    </dl></section>`;
}

// Where a shot stands in the film, and who and what is seen in it.
function InFilm({ model, shot, does }) {
  const own = model.of(shot.number), scene = model.sceneOf(shot.number), talk = model.dialogueOf(shot.number), side = model.sideOf(shot.number), alike = model.setups.get(own.setup) ?? 0;
  return html`<div><dt>Scene</dt><dd>${scene.scene} <span class="soft number">shot ${shot.number - scene.first_shot + 1} of ${scene.last_shot - scene.first_shot + 1}</span></dd></div>
    ${talk && html`<div><dt>Dialogue</dt><dd>${talk.dialogue} <span class=${`side side-${side ?? "none"}`}>${side === null ? "cutaway" : `side ${SIDES[side]}`}</span></dd></div>`}
    ${own.setup !== null && html`<div><dt>Set-up</dt><dd>${own.setup} ${alike > 1 ? html`<button type="button" class="chip" onClick=${() => does.showOnly("in:setup", own.setup)}>${plural(alike, "shot")} of it</button>` : html`<span class="soft">seen once</span>`}</dd></div>`}
    ${own.characters?.length > 0 && html`<div><dt>Seen</dt><dd>${own.characters.map((one) => html`<button key=${one} type="button" class="chip" onClick=${() => does.showOnly("in:character", one)}>${model.titleOf(one)}</button>`)}</dd></div>`}
    ${own.subjects?.length > 0 && html`<div><dt>In it</dt><dd>${own.subjects.map((one) => html`<button key=${one} type="button" class="chip" onClick=${() => does.showOnly("in:subject", one)}>${one}</button>`)}</dd></div>`}
    ${own.palette.length > 0 && html`<div><dt>Colours</dt><dd><span class="palette" role="img" aria-label=${own.palette.map((one) => one.colour).join(", ")}>${own.palette.map((one, place) => html`<i key=${place} style=${{ background: one.colour, flexGrow: one.share }} />`)}</span></dd></div>`}`;
}

function Photograph({ film }) {
  return html`<div class="one-film"><header class="film-head"><a class="button plain square" href="#/footage" aria-label="All footage"><${Icon} name="back" /></a>
    <div class="about"><h1>${film.name}</h1><p class="soft small number">${[film.group, ...factsOf(film), film.captured_at].filter(Boolean).join(" · ")}</p></div></header>
    <div class="stage still"><${Picture} src=${pathOf(film, "poster.jpg")} /></div>
    ${film.label_list.length > 0 && html`<p class="choice-row">${film.label_list.map((one) => html`<span key=${one.task} class="chip">${one.task}: ${one.class} <span class="soft">${one.origin}</span></span>`)}</p>`}</div>`;
}
