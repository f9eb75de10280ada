// The Predict tab: files in, answers out. It holds the state, draws it, and lets buttons and keys do the same deeds.

import { bytesOf, percent } from "../words.js";
import { jsonOf, picturesCsv, rowsOf, segmentAt, segmentsCsv, tasksOf } from "./formats.js";
import { filesOf } from "./files.js";
import { answered, answerOf, begin, changed, current, isOpen, isRunning, itemOf, keyOf, largest, without, withItems } from "./session.js";
import { Screen } from "./screen.js";
import { told } from "./film.js";
import { frameOf, Heats, thumbOf, Work } from "./work.js";

export const styles = ["predict/predict.css"];

const HEAT_PAUSE_MS = 150; // while a key is held down, no heat map is asked for
const AFTER_CUT_SECONDS = 0.02; // a player that is sent to a cut itself may show the frame before it
const TAKEN = "image/*,video/*,.nef,.nrw,.cr2,.cr3,.arw,.dng,.raf,.orf,.rw2,.pef,.srw,.heic,.heif,.tif,.tiff,.mkv,.mxf,.ts,.mts";
const SAMPLINGS = { "": {}, half: { every: "0.5s" }, shot: { per_shot: "3" }, all: { every_frame: "true" } };

export function mount(root, app) {
  const { config } = app, film = { current: null };
  let state = begin(config), asked = false, heatTimer = 0, playing = false, over = false, ended = false;
  const bundleOf = (name = state.bundle) => config.bundles.find((one) => one.name === name) ?? null;
  const set = (next) => { state = typeof next === "function" ? next(state) : { ...state, ...next }; draw(); };
  const work = new Work((id, key, change) => {
    set((was) => answered(was, id, key, change));
    const item = state.items.find((one) => one.id === id);
    if (item && key === keyOf(state, item)) report(item);
  });
  const heats = new Heats(draw);
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, hidden: true, accept: TAKEN });
  input.addEventListener("change", () => { add([...input.files]); input.value = ""; }); // the same file may be chosen again
  document.body.append(input);

  function draw() {
    if (asked || ended) return;
    asked = true;
    queueMicrotask(() => {
      asked = false;
      if (ended) return;
      wantHeat();
      app.render(app.html`<${Screen} state=${state} view=${view()} deeds=${deeds} film=${film} />`, root);
    });
  }

  // What follows from the state, and is drawn.
  function view() {
    const item = current(state), answer = answerOf(state), bundle = bundleOf(), result = answer?.state === "done" ? answer.result : null;
    const rows = result ? rowsOf(result, bundle) : [];
    const row = rows[Math.min(state.row, rows.length - 1)] ?? null;
    const place = row ? segmentAt(row.segments, item.time) : -1;
    const tasks = result ? tasksOf(result, bundle) : [];
    const looked = tasks.length !== 1 ? null : state.looked ?? (row ? row.segments[place]?.best : null) ?? tasks[0].best;
    return { config, bundle, item, answer, result, rows, row, place, looked, tasks, playing, over, answeredItems: answeredPictures(),
      duration: result?.duration_seconds || row?.segments.at(-1)?.stop || 1, heat: heats.get(heatKey({ item, result, looked })),
      heatOn: Boolean(item && heatOn(item)), heatAble: Boolean(result) && result.kind !== "shots" && (item.video || item.shown === true) };
  }

  const answeredPictures = () => state.items.filter((one) => !one.video && answerOf(state, one)?.state === "done");

  // A picture that the browser cannot show is shown by the server, and the server has it with its heat only.
  const heatOn = (item) => state.heat || (!item.video && item.shown === false);

  // Heat ------------------------------------------------------------------------------------------------------------

  // What a heat map is of. A picture that the browser cannot show comes whole from the server, the heat in it.
  function heatKey({ item, result, looked }) {
    if (!item || !result) return null;
    return [item.id, state.bundle, looked, item.video ? item.time.toFixed(3) : "", item.shown === false].join("\n");
  }

  function wantHeat() {
    const seen = view(), { item, result, looked } = seen, key = heatKey(seen);
    const wanted = result && result.kind !== "shots" && item.shown !== null && !playing && heatOn(item);
    clearTimeout(heatTimer);
    if (!wanted || heats.get(key)) return;
    heatTimer = setTimeout(() => {
      const whole = item.shown === false;
      const file = item.video && !whole ? () => frameOf(film.current) : async () => item.file;
      heats.want(key, file, { bundle: state.bundle, class: looked, overlay: whole ? "" : "false", at_seconds: item.video && whole ? item.time.toFixed(3) : "" });
      draw();
    }, item.video ? HEAT_PAUSE_MS : 0);
  }

  // Deeds -----------------------------------------------------------------------------------------------------------

  const deeds = {
    choose() { input.click(); },
    again() { start(current(state)); },
    cancel() {
      const item = current(state);
      if (!isRunning(answerOf(state))) return false;
      work.stop(item.id);
      app.say(`${item.name}: stopped`);
      return true;
    },
    remove() {
      const item = current(state);
      if (!item) return false;
      work.stop(item.id);
      for (const url of [item.url, item.thumb]) if (url) URL.revokeObjectURL(url);
      set((was) => without(was, item.id));
      app.say(`${item.name} is off the list`);
      visit();
      return true;
    },
    open(at) {
      if (at < 0 || at >= state.items.length) return;
      playing = false;
      set({ at, row: 0, looked: null });
      visit();
      report(current(state), true);
      queueMicrotask(() => root.querySelector(".file[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
    },
    bundle(name) {
      set({ bundle: name, looked: null, row: 0 });
      app.say(`Bundle ${name}`);
      visit();
    },
    sampling(name) { set({ sampling: name }); visit(); },
    look(name) {
      set({ looked: name });
      const share = view().tasks[0]?.scores[name];
      app.say(share === undefined ? name : `${name}, ${percent(share)}`);
    },
    heat() {
      if (!view().heatAble) { if (view().heatOn && view().result) app.say("The server's picture has its heat in it"); return false; }
      if (!state.heat) film.current?.pause();
      set({ heat: !state.heat });
      app.say(state.heat ? `Heat map of ${view().looked ?? "the answer"}` : "Heat map off");
      return true;
    },
    opacity(value) { set({ opacity: Math.round(Math.max(0, Math.min(1, value)) * 100) / 100 }); },
    // Told of a file by its number: a picture may come, or not, when another file is looked at already.
    shown(id, can) { set((was) => changed(was, id, { shown: can })); },
    timed() {
      const item = current(state), at = film.current?.currentTime;
      if (item && at !== undefined && at !== item.time) set((was) => changed(was, item.id, { time: at }));
    },
    played(event) { playing = event.type === "play"; deeds.timed(); draw(); },
    play() {
      if (!film.current || current(state).shown !== true) return false;
      if (film.current.paused) film.current.play().catch(() => {}); else film.current.pause();
      return true;
    },
    seek(seconds, row = state.row) {
      const item = current(state);
      set((was) => ({ ...changed(was, item.id, { time: seconds }), row }));
      if (film.current && item.shown) film.current.currentTime = seconds;
    },
    segment(at) {
      const { row } = view(), one = row?.segments[at];
      if (!one) return;
      deeds.seek(Math.min(one.start + AFTER_CUT_SECONDS, (one.start + one.stop) / 2));
      app.say(`${told(one)}, segment ${at + 1} of ${row.segments.length}`);
    },
    step(by) {
      const { row, place } = view();
      if (row) deeds.segment(Math.max(0, Math.min(row.segments.length - 1, place + by)));
      else deeds.open(state.at + by);
    },
    row(by) {
      const { rows } = view();
      if (rows.length < 2) return false;
      const at = Math.max(0, Math.min(rows.length - 1, state.row + by));
      set({ row: at });
      const { row, place } = view();
      app.say(`${row.task}: ${place >= 0 ? told(row.segments[place]) : "nothing here"}`);
      return true;
    },
    async copy() {
      const { item, result } = view();
      if (!result) return;
      try {
        await navigator.clipboard.writeText(jsonOf(item.name, result));
        note("Copied as JSON");
      } catch {
        note("The browser lets nothing be copied here; D downloads it");
      }
    },
    json() { const { item, result } = view(); if (result) save(`${stem(item)}.json`, "application/json", jsonOf(item.name, result)); },
    csv() {
      const { item, result, bundle } = view();
      if (!result) return;
      if (item.video) save(`${stem(item)}.csv`, "text/csv", segmentsCsv(item.name, result, bundle));
      else save(`${answeredPictures().length > 1 ? "pictures" : stem(item)}.csv`, "text/csv", picturesCsv(answeredPictures().map((one) => ({ name: one.name, result: answerOf(state, one).result }))));
    },
    dismiss() { set({ note: null }); },
  };

  const stem = (item) => item.name.replace(/\.[^.]+$/, "") || "answer";

  function save(name, type, text) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    Object.assign(document.createElement("a"), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    note(`${name} is in your downloads`);
  }

  let noteTimer = 0;
  function note(text) {
    app.say(text);
    set({ note: text });
    clearTimeout(noteTimer);
    noteTimer = setTimeout(() => set({ note: null }), 4000);
  }

  function add(files) {
    if (!files.length) return;
    const items = files.map(itemOf);
    set((was) => withItems({ ...was, row: 0, looked: null }, items));
    items.forEach(start);
    thumbs();
    app.say(items.length > 1 ? `${items.length} files` : items[0].name);
  }

  const thumbed = new Set();

  // One after another: a folder of large photographs would otherwise be decoded all at once.
  async function thumbs() {
    if (state.items.length < 2) return; // one alone has no list
    for (const item of state.items.filter((one) => !one.video && !thumbed.has(one.id))) {
      thumbed.add(item.id);
      const thumb = await thumbOf(item.file);
      if (ended || !state.items.some((one) => one.id === item.id)) { if (thumb) URL.revokeObjectURL(thumb); continue; }
      if (thumb) set((was) => changed(was, item.id, { thumb }));
    }
  }

  function start(item) {
    if (!item || !state.bundle) return;
    const most = largest(config.limits, item.video), key = keyOf(state, item);
    if (most && item.file.size > most) {
      set((was) => answered(was, item.id, key, { state: "failed", problem: `It has ${bytesOf(item.file.size)}; the server takes files of up to ${bytesOf(most)}.` }));
      report(item);
      return;
    }
    work.start(item, key, { bundle: state.bundle, ...(item.video ? SAMPLINGS[state.sampling] : {}) });
  }

  // What is looked at is predicted with the bundle that is chosen, where that has not been done.
  function visit() {
    const item = current(state), answer = answerOf(state);
    if (item && isOpen(answer) && answer?.state !== "failed" && answer?.state !== "cancelled") start(item);
  }

  // Read out what is known of a file: the answer, or what went wrong.
  function report(item, briefly = false) {
    const answer = answerOf(state, item), mine = item.id === current(state)?.id;
    if (answer?.state === "done" && (mine || !briefly)) {
      const said = tasksOf(answer.result, bundleOf()).map((one) => `${one.task && answer.result.tasks ? `${one.task}: ` : ""}${one.best}, ${percent(one.confidence)}`);
      app.say(`${state.items.length > 1 ? `${item.name}: ` : ""}${said.join("; ")}`);
    } else if (answer?.state === "failed" && !briefly) app.say(`${item.name}: ${answer.problem}`, { urgent: true });
    else if (answer?.state === "busy" && mine && !briefly) app.say("The server is busy; it is tried again");
    else if (briefly && mine) app.say(item.name);
  }

  // Drop, paste, keys ---------------------------------------------------------------------------------------------------

  let within = 0;
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const turnOver = (value) => { if (over !== value) { over = value; draw(); } };
  const listeners = {
    dragenter(event) { if (holdsFiles(event)) { within += 1; event.preventDefault(); turnOver(true); } },
    dragleave(event) { if (holdsFiles(event)) { within = Math.max(0, within - 1); turnOver(within > 0); } },
    dragover(event) { if (holdsFiles(event)) event.preventDefault(); },
    drop(event) {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      within = 0;
      turnOver(false);
      const { files, folders } = filesOf(event.dataTransfer);
      add(files);
      if (folders) note("A folder cannot be taken; drop the files that are in it");
    },
    paste(event) {
      const { files } = filesOf(event.clipboardData);
      if (files.length) { event.preventDefault(); add(files); }
    },
  };
  for (const [name, run] of Object.entries(listeners)) document.addEventListener(name, run);

  const turn = (list, at, by) => list[(at + by + list.length) % list.length];
  app.keys("predict", {
    choose: deeds.choose, cancel: deeds.cancel, remove: deeds.remove, heat: deeds.heat, play: deeds.play, copy: deeds.copy,
    paste: () => false, // the browser tells of it as an event of its own
    file: (key) => deeds.open(state.at + (key === "PageUp" ? -1 : 1)),
    again: () => state.items.length > 0 && deeds.again(),
    bundle: () => { const names = config.bundles.map((one) => one.name); if (names.length > 1) deeds.bundle(turn(names, names.indexOf(state.bundle), 1)); },
    class: (key) => {
      const { tasks, looked } = view();
      if (tasks.length !== 1) return;
      const names = Object.entries(tasks[0].scores).sort((one, other) => other[1] - one[1]).map(([name]) => name);
      deeds.look(turn(names, names.indexOf(looked), key.startsWith("Shift") ? -1 : 1));
    },
    opacity: (key) => { deeds.opacity(state.opacity + (key === "-" ? -0.1 : 0.1)); app.say(`Strength ${percent(state.opacity)}`); },
    download: (key) => (key === "d" ? deeds.json() : deeds.csv()),
    step: (key) => deeds.step(key === "ArrowLeft" ? -1 : 1),
    ends: (key) => { const { row } = view(); (row ? deeds.segment : deeds.open)(key === "Home" ? 0 : (row?.segments ?? state.items).length - 1); },
    row: (key) => deeds.row(key === "ArrowUp" ? -1 : 1),
  });

  draw();
  return {
    title: "Predict",
    unmount() {
      ended = true;
      clearTimeout(noteTimer);
      clearTimeout(heatTimer);
      for (const [name, run] of Object.entries(listeners)) document.removeEventListener(name, run);
      work.end();
      heats.end();
      for (const item of state.items) for (const url of [item.url, item.thumb]) if (url) URL.revokeObjectURL(url);
      input.remove();
      app.render(null, root);
    },
  };
}
