// The Predict tab: files in, answers out. It draws what the desk holds, and lets buttons and keys do the same deeds.

import { focusOn, isLost } from "../focus.js";
import { percent } from "../words.js";
import { Desk } from "./desk.js";
import { filesOf } from "./files.js";
import { told } from "./film.js";
import { jsonOf, picturesCsv, rowsOf, segmentAt, segmentsCsv, tasksOf } from "./formats.js";
import { Screen } from "./screen.js";
import { answerOf, changed, current, isRunning } from "./session.js";
import { frameOf } from "./work.js";

export const styles = ["predict/predict.css"];

const STILL_PAUSE_MS = 150; // while a key is held down, no picture of a moment is asked for
const FOLLOWED_BYTES = 64_000_000; // a video is sent anew for each picture of it: of larger ones none comes unasked
const AFTER_CUT_SECONDS = 0.02; // a player that is sent to a cut itself may show the frame before it
const TAKEN = "image/*,video/*,.nef,.nrw,.cr2,.cr3,.arw,.dng,.raf,.orf,.rw2,.pef,.srw,.heic,.heif,.tif,.tiff,.mkv,.mxf,.ts,.mts";
const REFUGES = { // where the focus goes when what had it is gone: the first of these that is there
  ".answer": [".answer button", ".answer"], ".files": [".file[aria-current]"], ".tools": [".tools button"], ".timeline": [".lane"], ".transport": [".lane"],
};
const LAST_REFUGES = [".drop-here .button", ".answer", "h1"];

let desk = null; // of the page, whichever tab is looked at

export function mount(root, app) {
  desk ??= new Desk(app);
  const { config } = app, film = { current: null }, { heats, previews, work } = desk;
  let asked = false, stillTimer = 0, playing = false, over = false, ended = false;
  const set = (next) => desk.set(next);
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, hidden: true, accept: TAKEN });
  input.addEventListener("change", () => { desk.add([...input.files]); input.value = ""; }); // the same file may be chosen again
  document.body.append(input);

  desk.isSeen = true;
  desk.draw = draw;

  function draw() {
    if (asked || ended) return;
    asked = true;
    queueMicrotask(() => {
      asked = false;
      if (ended) return;
      wantStills();
      const held = root.contains(document.activeElement) ? Object.keys(REFUGES).find((one) => document.activeElement.closest(one)) : undefined;
      app.render(app.html`<${Screen} state=${desk.state} view=${view()} deeds=${deeds} film=${film} />`, root);
      if (held && isLost()) [...REFUGES[held], ...LAST_REFUGES].some((one) => focusOn(root.querySelector(one)));
    });
  }

  // What follows from the state, and is drawn.
  function view() {
    const item = current(desk.state), answer = answerOf(desk.state), bundle = desk.bundle, result = answer?.state === "done" ? answer.result : null;
    const rows = result ? rowsOf(result, bundle) : [];
    const row = rows[Math.min(desk.state.row, rows.length - 1)] ?? null;
    const place = row ? segmentAt(row.segments, item.time) : -1;
    const tasks = result ? tasksOf(result, bundle) : [];
    const looked = tasks.length !== 1 ? null : desk.state.looked ?? (row ? row.segments[place]?.best : null) ?? tasks[0].best;
    return { config, bundle, item, answer, result, rows, row, place, looked, tasks, playing, over,
      duration: result?.duration_seconds || row?.segments.at(-1)?.stop || 1, still: item && item.shown === false ? previews.get(desk.previewKey(item)) : null, heat: heats.get(heatKey({ item, result, looked })),
      heatOn: desk.state.heat, heatAble: Boolean(result) && result.kind !== "shots" && item.shown !== null };
  }

  const answeredPictures = () => desk.state.items.filter((one) => !one.video && answerOf(desk.state, one)?.state === "done");

  // Pictures of the server ------------------------------------------------------------------------------------------

  const heatKey = ({ item, result, looked }) => (item && result ? [item.id, desk.state.bundle, looked, item.video ? item.time.toFixed(3) : ""].join("\n") : null);

  // What the browser cannot show is asked for as a picture; heat only where somebody wants it.
  function wantStills() {
    const seen = view(), { item } = seen;
    clearTimeout(stillTimer);
    if (!item || item.shown === null || playing) return;
    const still = item.shown === false && !seen.still && (!item.video || item.file.size <= FOLLOWED_BYTES || desk.state.moment === desk.previewKey(item));
    const heat = desk.state.heat && seen.heatAble && !seen.heat;
    if (!still && !heat) return;
    stillTimer = setTimeout(() => {
      if (still) desk.preview(item);
      if (heat) wantHeat(seen);
      draw();
    }, item.video ? STILL_PAUSE_MS : 0);
  }

  function wantHeat(seen) {
    const { item, looked } = seen, sent = item.video && item.shown === false;
    heats.want(heatKey(seen), item.video && !sent ? () => frameOf(film.current) : async () => item.file,
      { bundle: desk.state.bundle, class: looked, overlay: "false", at_seconds: sent ? item.time.toFixed(3) : "" });
  }

  // Deeds -----------------------------------------------------------------------------------------------------------

  const deeds = {
    choose() { input.click(); },
    again() { desk.start(current(desk.state)); },
    cancel() {
      const item = current(desk.state);
      if (!isRunning(answerOf(desk.state))) return false;
      work.stop(item.id);
      app.say(`${item.name}: stopped`);
      return true;
    },
    remove() {
      const item = current(desk.state);
      if (!item) return false;
      playing = false;
      desk.remove(item);
      app.say(`${item.name} is off the list`);
      desk.visit();
      return true;
    },
    open(at) {
      if (at < 0 || at >= desk.state.items.length) return;
      playing = false;
      set({ at, row: 0, looked: null });
      desk.visit();
      desk.report(current(desk.state), true);
      queueMicrotask(() => root.querySelector(".file[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
    },
    bundle(name) {
      set({ bundle: name, looked: null, row: 0 });
      app.say(`Bundle ${name}`);
      desk.visit();
    },
    sampling(name) { set({ sampling: name }); desk.visit(); },
    look(name) {
      set({ looked: name });
      const share = view().tasks[0]?.scores[name];
      app.say(share === undefined ? name : `${name}, ${percent(share)}`);
    },
    heat() {
      if (!view().heatAble) return false;
      if (!desk.state.heat) film.current?.pause();
      set({ heat: !desk.state.heat });
      app.say(desk.state.heat ? `Heat map of ${view().looked ?? "the answer"}` : "Heat map off");
      return true;
    },
    opacity(value) { set({ opacity: Math.round(Math.max(0, Math.min(1, value)) * 100) / 100 }); },
    // Told of a file by its number: a picture may come, or not, when another file is looked at already.
    shown(id, can) {
      const item = desk.state.items.find((one) => one.id === id);
      if (can && item?.video && item.time > 0 && film.current) film.current.currentTime = item.time; // where it was left
      set((was) => changed(was, id, { shown: can }));
    },
    moment() { set({ moment: desk.previewKey(current(desk.state)) }); },
    timed() {
      const item = current(desk.state), at = film.current?.currentTime;
      if (item && at !== undefined && at !== item.time) set((was) => changed(was, item.id, { time: at }));
    },
    played(event) { playing = event.type === "play"; deeds.timed(); draw(); },
    play() {
      if (!film.current || current(desk.state).shown !== true) return false;
      if (film.current.paused) film.current.play().catch(() => {}); else film.current.pause();
      return true;
    },
    seek(seconds, row = desk.state.row) {
      const item = current(desk.state);
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
      else deeds.open(desk.state.at + by);
    },
    row(by) {
      const { rows } = view();
      if (rows.length < 2) return false;
      const at = Math.max(0, Math.min(rows.length - 1, desk.state.row + by));
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
        note("The browser lets nothing be copied here; Ctrl+S downloads it");
      }
    },
    json() { const { item, result } = view(); if (result) save(`${stem(item)}.json`, "application/json", jsonOf(item.name, result)); },
    csv() {
      const { item, result, bundle } = view();
      if (!result) return;
      if (item.video) save(`${stem(item)}.csv`, "text/csv", segmentsCsv(item.name, result, bundle));
      else save(`${answeredPictures().length > 1 ? "pictures" : stem(item)}.csv`, "text/csv", picturesCsv(answeredPictures().map((one) => ({ name: one.name, result: answerOf(desk.state, one).result }))));
    },
  };

  const stem = (item) => item.name.replace(/\.[^.]+$/, "") || "answer";

  function save(name, type, text) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    Object.assign(document.createElement("a"), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    note(`${name} is in your downloads`);
  }

  function note(text) {
    app.say(text);
    app.show(text);
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
      desk.add(files);
      if (folders) note("A folder cannot be taken; drop the files that are in it");
    },
    paste(event) {
      const { files } = filesOf(event.clipboardData);
      if (files.length) { event.preventDefault(); desk.add(files); }
    },
  };
  for (const [name, run] of Object.entries(listeners)) document.addEventListener(name, run);

  const turn = (list, at, by) => list[(at + by + list.length) % list.length];
  app.keys("predict", {
    choose: deeds.choose, cancel: deeds.cancel, remove: deeds.remove, heat: deeds.heat, play: deeds.play,
    copy: () => (String(getSelection()) || !view().result ? false : deeds.copy()), // words that are selected are what is copied
    paste: () => false, // the browser tells of it as an event of its own
    file: (key) => deeds.open(desk.state.at + (key === "PageUp" ? -1 : 1)),
    again: () => desk.state.items.length > 0 && deeds.again(),
    bundle: () => { const names = config.bundles.map((one) => one.name); if (names.length > 1) deeds.bundle(turn(names, names.indexOf(desk.state.bundle), 1)); },
    class: (key) => {
      const { tasks, looked } = view();
      if (tasks.length !== 1) return;
      const names = Object.entries(tasks[0].scores).sort((one, other) => other[1] - one[1]).map(([name]) => name);
      deeds.look(turn(names, names.indexOf(looked), key.startsWith("Shift") ? -1 : 1));
    },
    opacity: (key) => { deeds.opacity(desk.state.opacity + (key === "-" ? -0.1 : 0.1)); app.say(`Strength ${percent(desk.state.opacity)}`); },
    download: (key) => (view().result ? (key === "Ctrl+s" ? deeds.json() : deeds.csv()) : false),
    step: (key) => deeds.step(key === "ArrowLeft" ? -1 : 1),
    ends: (key) => { const { row } = view(); (row ? deeds.segment : deeds.open)(key === "Home" ? 0 : (row?.segments ?? desk.state.items).length - 1); },
    row: (key) => deeds.row(key === "ArrowUp" ? -1 : 1),
  });

  draw();
  return {
    title: "Predict",
    unmount() {
      ended = true;
      clearTimeout(stillTimer);
      for (const [name, run] of Object.entries(listeners)) document.removeEventListener(name, run);
      desk.isSeen = false;
      desk.draw = () => {};
      input.remove();
      app.render(null, root);
    },
  };
}
