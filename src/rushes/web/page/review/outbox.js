// Decisions on their way to the server: kept in this browser until it has answered, sent in order, one at a time.

const PATIENCE = 250; // ms
const WAITS = [500, 1000, 2000, 4000, 8000];
const NOT_HERE = [401, 403]; // who answers is not the server of this review: what is unsaved waits for that one

import { Answered } from "./server.js";

// An entry is {kind: "decisions" | "undo" | "redo", by, changes, request, of, over}: changes are what is sent, and for an undo
// what this page already shows of it; `of` is the request that led to the step of an undo, null for the last one of all;
// `over` insists where another person decided meanwhile. The server does nothing twice under the name of one request, so
// that what may have reached it before it went away can be sent again.
export class Outbox {
  constructor(server, name, { revision, answers = 0, replied, refused, learned, changed }) {
    Object.assign(this, { server, replied, refused, learned, changed, revision, answers });
    this.prefix = `rushes-review/${encodeURIComponent(name)}/`; // one slash ends the name: no name begins another
    this.key = this.prefix + newName();
    this.entries = [];
    this.reachable = true;
    this.locked = false; // the server runs, but under another address than this page was opened with
    this.replaced = false; // another review answers at this address
    this.kept = true; // this browser keeps what is not sent
    this.failures = 0;
    this.busy = false;
    this.timer = null;
  }

  // Take over what pages that are gone have left; `adopt(entries)` shows it. A page holds a lock as long as it lives, and
  // a page that is just being left may hold it a moment longer.
  async open(adopt) {
    if (navigator.locks) navigator.locks.request(this.key, () => new Promise((done) => { this.unlock = done; }));
    const takeOver = (key) => {
      const left = readEntries(key);
      this.entries.push(...left);
      this.#keep();
      localStorage.removeItem(key);
      adopt(left);
      if (left.length) this.send();
    };
    const left = storedKeys(this.prefix).filter((key) => key !== this.key);
    const taken = left.map((key) => (navigator.locks ? navigator.locks.request(key, () => takeOver(key)) : takeOver(key)));
    await Promise.race([Promise.all(taken), new Promise((done) => { setTimeout(done, PATIENCE); })]);
  }

  get unsaved() {
    return this.entries.length;
  }

  add(entry) {
    const request = newName();
    this.entries.push({ ...entry, request });
    this.#keep();
    this.changed();
    this.send();
    return request;
  }

  // Somebody may have decided elsewhere while nobody looked here.
  async look() {
    if (this.busy || this.ended || this.entries.length || !this.reachable) return;
    try {
      const found = await this.#changes();
      if (!this.busy && (found.revision > this.revision || found.changes.length)) this.#learn(found);
    } catch (error) {
      if (error instanceof TypeError) this.lost();
    }
  }

  // The page is left; what is unsaved stays in this browser, for the next page of this review.
  end() {
    clearTimeout(this.timer);
    this.timer = null;
    this.ended = true;
    this.unlock?.();
  }

  touches(id) {
    return this.entries.some((entry) => entry.changes.some((change) => change.id === id));
  }

  // Somebody else found that the server does not answer.
  lost() {
    if (!this.reachable) return;
    this.#stumble(null);
    this.changed();
  }

  // Ask again now, rather than after the wait.
  hurry() {
    clearTimeout(this.timer);
    this.timer = null;
    this.send();
  }

  async send() {
    if (this.busy || this.timer !== null || this.ended) return;
    this.busy = true;
    while (!this.ended && (this.entries.length || !this.reachable)) {
      try {
        if (!this.reachable) await this.#find();
        if (this.entries.length) await this.#sendFirst();
        this.failures = 0;
      } catch (error) {
        this.#stumble(error);
        break;
      }
    }
    this.busy = false;
    this.changed();
  }

  // The server is back, perhaps with what others decided meanwhile.
  async #find() {
    const found = await this.#changes();
    this.reachable = true;
    this.locked = this.replaced = false;
    this.#learn(found);
    this.changed(true);
  }

  // What others decided, and what a model answered, since this page heard of either.
  #changes() {
    return this.server.ask(`changes?since=${this.revision}&answers=${this.answers}`);
  }

  #learn({ revision, changes, answers = this.answers, model = null }) {
    Object.assign(this, { revision, answers });
    this.learned(changes, model);
  }

  async #sendFirst() {
    const [entry] = this.entries;
    const { kind, by, changes, request, of = null, over = false } = entry;
    let reply;
    try {
      reply = await this.server.ask(kind, { by, request, ...(kind === "decisions" ? { changes, over } : { of }) });
    } catch (error) {
      if (!(error instanceof Answered) || error.status >= 500 || NOT_HERE.includes(error.status)) throw error;
      if (error.status === 404) await this.#changes(); // a sample is not there, or all of the review
      this.#drop();
      this.refused(entry, error.message);
      return;
    }
    // Another page has decided something in between. Until it is known this one is not done with: it is sent again.
    if (reply.previous > this.revision) this.#learn(await this.#changes());
    this.#drop();
    this.revision = reply.revision;
    this.replied(reply, entry);
    this.changed();
  }

  #drop() {
    this.entries.shift();
    this.#keep();
  }

  #stumble(error) {
    this.reachable = false;
    this.locked = error instanceof Answered && (error.status === 401 || error.status === 403);
    this.replaced = error instanceof Answered && error.status === 404;
    const wait = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    if (!this.ended) this.timer = setTimeout(() => this.hurry(), wait);
  }

  #keep() {
    if (this.ended) return; // the next page has taken over what stands in the store
    try {
      if (this.entries.length) localStorage.setItem(this.key, JSON.stringify(this.entries));
      else localStorage.removeItem(this.key);
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }
}

const newName = () => Math.random().toString(36).slice(2);

function storedKeys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

function readEntries(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}
