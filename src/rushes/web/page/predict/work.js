// The asking: a picture is answered at once, a video by a job whose progress is followed; the server's pictures on demand.

import { ask, isAbort, Problem } from "../ask.js";
import { hear } from "../hearing.js";

const AT_ONCE = { picture: 3, video: 1 };

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

  // Stop one answer, all of a file where no key is given, or all there is.
  stop(id = null, key = null) {
    const same = (one) => (id === null || one.item.id === id) && (key === null || one.key === key);
    for (const one of this.waiting.filter(same)) this.tell(one.item.id, one.key, { state: "cancelled" });
    this.waiting = this.waiting.filter((one) => !same(one));
    for (const one of [...this.running.values()].filter(same)) one.control.abort();
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
  const { reply: job } = await ask("jobs", sending(slot, tell)), { signal } = slot.control;
  tell({ state: job.state === "running" ? "running" : "queued" });
  const take = (name, said) => {
    if (name === "result") return { over: said };
    if (name === "problem") throw problemOf(said);
    tell(progressOf(said));
    return undefined;
  };
  const look = (said) => {
    if (said.state === "cancelled") throw new DOMException("stopped", "AbortError");
    return take({ done: "result", failed: "problem" }[said.state] ?? "progress", { done: said.result, failed: said.problem }[said.state] ?? said);
  };
  try {
    return await hear({ events: `${job.href}/events`, names: ["progress", "result", "problem"], take, href: job.href, look, signal });
  } catch (error) {
    if (isAbort(error)) fetch(job.href, { method: "DELETE", keepalive: true }).catch(() => {}); // it ends by itself where this is not heard
    throw error;
  }
}

const progressOf = ({ state, done = null, total = null, note = "" }) => ({ state: state === "queued" ? "queued" : "running", done, total, note: note ?? "" });
const problemOf = (told) => new Problem(told?.status ?? 500, told?.title ?? "Failed", told?.detail ?? "The video could not be predicted.");

/* Pictures that the server makes of a file, by what they are of; the last few are kept. `changed()` is told when one has
   come. path: "explain" or "preview", where they are asked for. */
export class Stills {
  constructor(path, most, changed) {
    Object.assign(this, { path, most, changed, found: new Map(), asked: null });
  }

  get(key) { return this.found.get(key) ?? null; }

  /* Ask for one, unless it is here or on its way, and return {url, blob, of} or {problem}; null where it was given up.
     file(): the picture or video to send, which may have to be drawn first. instead: what was asked for so before and has not come is given up. */
  want(key, file, fields, { instead = true } = {}) {
    const known = this.found.get(key);
    if (known) return known.coming ?? Promise.resolve(known);
    if (instead) this.asked?.abort();
    const control = new AbortController();
    if (instead) this.asked = control;
    const coming = this.#ask(key, file, fields, control.signal);
    this.#keep(key, { busy: true, coming, control });
    return coming;
  }

  forget(part) {
    for (const key of [...this.found.keys()].filter(part)) {
      this.found.get(key).control?.abort();
      this.#drop(key);
    }
  }

  async #ask(key, file, fields, signal) {
    let found = null;
    try {
      const { reply, headers } = await ask(this.path, { method: "POST", body: formOf(await file(), fields), as: "picture", signal });
      if (!signal.aborted) found = { url: URL.createObjectURL(reply), blob: reply, of: decodeURIComponent(headers("Rushes-Class") ?? "") || null };
    } catch (error) {
      if (!isAbort(error)) found = { problem: error.message };
    }
    if (found) this.#keep(key, found);
    else if (this.found.get(key)?.control?.signal === signal) this.found.delete(key);
    this.changed();
    return found;
  }

  #keep(key, value) {
    this.found.delete(key);
    this.found.set(key, value);
    while (this.found.size > this.most) this.#drop(this.found.keys().next().value);
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
