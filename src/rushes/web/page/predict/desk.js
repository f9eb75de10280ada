// What outlives the tab while another is looked at: the files, their answers, what is being asked, and the server's pictures
// of them. It ends with the page.

import { bytesOf, percent } from "../words.js";
import { tasksOf } from "./formats.js";
import { answered, answerOf, begin, changed, current, isOpen, isVideo, itemOf, keyOf, largest, without, withItems } from "./session.js";
import { isPicture } from "./sniff.js";
import { Stills, thumbOf, Work } from "./work.js";

const SAMPLINGS = { "": {}, half: { every: "0.5s" }, shot: { per_shot: "3" }, all: { every_frame: "true" } };
const LONG_SIDE = { picture: 2048, thumb: 320 };
const HEATS_KEPT = 24, PREVIEWS_KEPT = 24;

export class Desk {
  constructor(app) {
    this.app = app;
    this.state = begin(app.config);
    this.draw = () => {}; // while the tab is looked at, what draws it
    this.isSeen = false;
    this.work = new Work((id, key, change) => {
      this.set((was) => answered(was, id, key, change));
      const item = this.state.items.find((one) => one.id === id);
      if (item && key === keyOf(this.state, item)) this.report(item);
    });
    this.heats = new Stills("explain", HEATS_KEPT, () => this.draw());
    this.previews = new Stills("preview", PREVIEWS_KEPT, () => this.draw());
    this.thumbed = new Set();
    addEventListener("pagehide", () => this.work.stop());
  }

  get bundle() { return this.app.config.bundles.find((one) => one.name === this.state.bundle) ?? null; }

  set(next) {
    this.state = typeof next === "function" ? next(this.state) : { ...this.state, ...next };
    this.draw();
  }

  async add(files) {
    if (!files.length) return;
    const items = await Promise.all(files.map(async (file) => itemOf(file, isVideo(file) && (file.type.startsWith("video/") || !(await isPicture(file))))));
    this.set((was) => withItems({ ...was, row: 0, looked: null }, items));
    items.forEach((item) => this.start(item));
    this.#thumbs();
    this.app.say(items.length > 1 ? `${items.length} files` : items[0].name);
  }

  start(item) {
    if (!item || !this.state.bundle) return;
    const most = largest(this.app.config.limits, item.video), key = keyOf(this.state, item);
    if (most && item.file.size > most) {
      this.set((was) => answered(was, item.id, key, { state: "failed", problem: `It has ${bytesOf(item.file.size)}; the server takes files of up to ${bytesOf(most)}.` }));
      this.report(item);
      return;
    }
    this.work.start(item, key, { bundle: this.state.bundle, ...(item.video ? SAMPLINGS[this.state.sampling] : {}) });
  }

  // What is looked at is predicted with the bundle that is chosen, where that has not been done.
  visit() {
    const item = current(this.state), answer = answerOf(this.state);
    if (item && isOpen(answer) && answer?.state !== "failed" && answer?.state !== "cancelled") this.start(item);
  }

  remove(item) {
    this.work.stop(item.id);
    for (const url of [item.url, item.thumb]) if (url) URL.revokeObjectURL(url);
    for (const stills of [this.heats, this.previews]) stills.forget((key) => key.startsWith(`${item.id}\n`));
    this.set((was) => without(was, item.id));
  }

  // The server's picture of a file that the browser cannot show, of a film at the time that is looked at.
  previewKey(item) { return `${item.id}\n${item.video ? item.time.toFixed(3) : ""}`; }

  async preview(item, { instead = true } = {}) {
    const fields = { long_side: LONG_SIDE.picture, at_seconds: item.video ? item.time.toFixed(3) : "" };
    const found = await this.previews.want(this.previewKey(item), async () => item.file, fields, { instead });
    if (found?.blob) await this.#thumb(item, found.blob);
    return found;
  }

  // Read out what is known of a file: the answer, or what went wrong. From another tab only films are told of, which take minutes.
  report(item, briefly = false) {
    const { app, state } = this, answer = answerOf(state, item), mine = item.id === current(state)?.id;
    if (!this.isSeen && !item.video) return;
    const named = this.isSeen ? item.name : `Predict, ${item.name}`;
    if (answer?.state === "done" && (mine || !briefly)) {
      const said = tasksOf(answer.result, this.bundle).map((one) => `${one.task && answer.result.tasks ? `${one.task}: ` : ""}${one.best}, ${percent(one.confidence)}`);
      app.say(`${state.items.length > 1 || !this.isSeen ? `${named}: ` : ""}${said.join("; ")}`);
    } else if (answer?.state === "failed" && !briefly) app.say(`${named}: ${answer.problem}`, { urgent: true });
    else if (answer?.state === "busy" && mine && !briefly) app.say("The server is busy; it is tried again");
    else if (briefly && mine) app.say(item.name);
  }

  // One after another: a folder of large photographs would otherwise be decoded all at once.
  async #thumbs() {
    if (this.state.items.length < 2) return; // one alone has no list
    for (const { id } of this.state.items.filter((one) => !one.video && !this.thumbed.has(one.id))) {
      const item = this.state.items.find((one) => one.id === id);
      if (!item || this.thumbed.has(id)) continue;
      this.thumbed.add(id);
      if (await this.#thumb(item, item.file)) continue;
      const shown = this.state.items.find((one) => one.id === id);
      if (shown && !shown.thumb) await this.preview(shown, { instead: false });
    }
  }

  async #thumb(item, data) {
    if (this.state.items.find((one) => one.id === item.id)?.thumb) return true;
    const thumb = await thumbOf(data), there = this.state.items.find((one) => one.id === item.id);
    if (thumb && there && !there.thumb) this.set((was) => changed(was, item.id, { thumb }));
    else if (thumb) URL.revokeObjectURL(thumb);
    return thumb !== null;
  }
}
