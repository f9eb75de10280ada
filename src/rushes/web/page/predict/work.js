// The asking: a picture is answered at once, a video by a job whose progress is followed; heat maps on demand.

import { ask, askOnce, isAbort, pause, Problem } from "../ask.js";

const AT_ONCE = { picture: 3, video: 1 };
const HEATS_KEPT = 24;
const POLL_SECONDS = 1;

/* Runs what is asked for, a few at a time. tell(id, key, change) is told of every change of an answer. */
export class Work {
  constructor(tell) {
    Object.assign(this, { tell, waiting: [], running: new Map() });
  }

  start(item, key, fields) {
    this.stop(item.id, key);
    this.tell(item.id, key, { state: "queued", sent: 0, done: null, total: null, note: "", wait: null, result: null, problem: null });
    this.waiting.push({ item, key, fields });
    this.#pump();
  }

  // Stop one answer, or all of a file where no key is given.
  stop(id, key = null) {
    const same = (one) => one.item.id === id && (key === null || one.key === key);
    for (const one of this.waiting.filter(same)) this.tell(one.item.id, one.key, { state: "cancelled" });
    this.waiting = this.waiting.filter((one) => !same(one));
    for (const one of [...this.running.values()].filter(same)) one.control.abort();
  }

  end() {
    this.waiting = [];
    this.tell = () => {};
    for (const one of this.running.values()) one.control.abort();
  }

  #pump() {
    for (const [kind, most] of Object.entries(AT_ONCE)) {
      const ours = (one) => one.item.video === (kind === "video");
      while ([...this.running.values()].filter(ours).length < most) {
        const at = this.waiting.findIndex(ours);
        if (at < 0) break;
        this.#run(...this.waiting.splice(at, 1));
      }
    }
  }

  async #run(one) {
    const slot = { ...one, control: new AbortController() }, { item, key } = one, begun = performance.now();
    const tell = (change) => this.tell(item.id, key, change);
    this.running.set(slot, slot);
    tell({ state: "sending" });
    try {
      const said = item.video ? await followJob(slot, tell) : await predictOne(slot, tell);
      tell({ state: "done", result: said, milliseconds: performance.now() - begun });
    } catch (error) {
      if (isAbort(error)) tell({ state: "cancelled" });
      else tell({ state: "failed", problem: error.message });
    } finally {
      this.running.delete(slot);
      this.#pump();
    }
  }
}

// The fields before the file: the server reads them as they come.
function formOf(file, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== null && value !== "") form.append(name, value);
  form.append("file", file, file.name || "picture");
  return form;
}

function sending({ item, fields, control }, tell) {
  return {
    method: "POST", body: formOf(item.file, fields), signal: control.signal,
    sent: (share) => tell({ sent: share }),
    waits: (wait) => tell(wait ? { state: "busy", wait } : { state: "sending", wait: null, sent: 0 }),
  };
}

async function predictOne(slot, tell) {
  return (await ask("predict", sending(slot, tell))).reply;
}

async function followJob(slot, tell) {
  let job;
  try {
    job = (await ask("jobs", sending(slot, tell))).reply;
  } catch (error) {
    // Its name does not tell, and it was no film: a picture is answered at once.
    if (error.status === 415 && !slot.item.file.type.startsWith("video/")) return predictOne(slot, tell);
    throw error;
  }
  tell({ state: job.state === "running" ? "running" : "queued" });
  try {
    return await resultOf(job.href, slot.control.signal, (progress) => tell(progress));
  } catch (error) {
    if (isAbort(error)) askOnce(job.href, { method: "DELETE" }).catch(() => {}); // it ends by itself where this is not heard
    throw error;
  }
}

// The result of a job, by its events; where those break off, by asking for it each second.
function resultOf(href, signal, told) {
  return new Promise((resolve, reject) => {
    const events = new EventSource(`${href}/events`);
    const end = (run, value) => { events.close(); signal.removeEventListener("abort", stop); run(value); };
    const stop = () => end(reject, new DOMException("stopped", "AbortError"));
    if (signal.aborted) { stop(); return; }
    signal.addEventListener("abort", stop);
    events.addEventListener("progress", (event) => told(progressOf(JSON.parse(event.data))));
    events.addEventListener("result", (event) => end(resolve, JSON.parse(event.data)));
    events.addEventListener("problem", (event) => end(reject, problemOf(JSON.parse(event.data))));
    events.onerror = () => end(resolve, poll(href, signal, told));
  });
}

async function poll(href, signal, told) {
  for (;;) {
    const { reply: job } = await ask(href, { signal });
    if (job.state === "done") return job.result;
    if (job.state === "failed") throw problemOf(job.problem);
    if (job.state === "cancelled") throw new DOMException("stopped", "AbortError");
    told(progressOf(job));
    await pause(POLL_SECONDS, signal);
  }
}

const progressOf = ({ state, done = null, total = null, note = "" }) => ({ state: state === "queued" ? "queued" : "running", done, total, note: note ?? "" });
const problemOf = (told) => new Problem(told?.status ?? 500, told?.title ?? "Failed", told?.detail ?? "The video could not be predicted.");

/* Heat maps that have been asked for, by what they are of; the last few are kept. changed() is told when one has come. */
export class Heats {
  constructor(changed) {
    Object.assign(this, { changed, found: new Map(), asked: null });
  }

  get(key) { return this.found.get(key) ?? null; }

  /* Ask for one, unless it is here or on its way. file(): the picture or video to send, which may have to be drawn first;
     what was asked for before and has not come is given up. */
  async want(key, file, fields) {
    if (this.found.has(key)) return;
    this.asked?.abort();
    const control = (this.asked = new AbortController());
    this.#keep(key, { busy: true });
    try {
      const { reply, headers } = await ask("explain", { method: "POST", body: formOf(await file(), fields), as: "picture", signal: control.signal });
      this.#keep(key, { url: URL.createObjectURL(reply), of: decodeURIComponent(headers("Rushes-Class") ?? "") || null });
    } catch (error) {
      if (isAbort(error)) this.found.delete(key);
      else this.#keep(key, { problem: error.message });
    }
    this.changed();
  }

  forget(key) { this.#drop(key); }

  end() {
    this.asked?.abort();
    this.changed = () => {};
    for (const key of [...this.found.keys()]) this.#drop(key);
  }

  #keep(key, value) {
    this.found.delete(key);
    this.found.set(key, value);
    while (this.found.size > HEATS_KEPT) this.#drop(this.found.keys().next().value);
  }

  #drop(key) {
    const { url } = this.found.get(key) ?? {};
    if (url) URL.revokeObjectURL(url);
    this.found.delete(key);
  }
}

// A small picture of a picture; null where the browser cannot read it.
export async function thumbOf(file) {
  try {
    const small = await createImageBitmap(file, { resizeWidth: 160, resizeQuality: "medium" });
    const canvas = new OffscreenCanvas(small.width, small.height);
    canvas.getContext("2d").drawImage(small, 0, 0);
    small.close();
    return URL.createObjectURL(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 }));
  } catch {
    return null;
  }
}

// The frame that a video shows, as a picture.
export async function frameOf(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new File([await canvas.convertToBlob({ type: "image/png" })], "frame.png", { type: "image/png" });
}
