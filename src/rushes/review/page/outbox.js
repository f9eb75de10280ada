// Decisions on their way to the server: kept in this browser until it has answered, sent in order, one at a time.

const WAITS = [500, 1000, 2000, 4000, 8000];

// An entry is {kind: "decisions" | "undo" | "redo", changes: [...]}: changes are what is sent, and for an undo what
// this page already shows of it.
export class Outbox {
  constructor(name, { revision, replied, refused, changed }) {
    Object.assign(this, { replied, refused, changed, revision });
    this.prefix = `rushes-review/${name}/`;
    this.key = this.prefix + Math.random().toString(36).slice(2);
    this.entries = [];
    this.reachable = true;
    this.doubtful = false; // whether the server has taken the first entry is not known
    this.locked = false; // the server runs, but under another address than this page was opened with
    this.kept = true; // this browser keeps what is not sent
    this.failures = 0;
    this.busy = false;
    this.timer = null;
  }

  // Take over what a page that is gone has left. Every page holds a lock as long as it lives.
  async open() {
    const gone = (key) => new Promise((answer) => {
      navigator.locks.request(key, { ifAvailable: true }, (lock) => answer(lock !== null));
    });
    if (navigator.locks) navigator.locks.request(this.key, () => new Promise(() => {}));
    for (const key of storedKeys(this.prefix)) {
      if (key === this.key || (navigator.locks && !(await gone(key)))) continue;
      this.entries.push(...JSON.parse(localStorage.getItem(key)));
      this.#keep();
      localStorage.removeItem(key);
    }
    this.doubtful = this.entries[0]?.sent !== undefined;
    return this.entries;
  }

  get unsaved() {
    return this.entries.length;
  }

  add(entry) {
    this.entries.push(entry);
    this.#keep();
    this.changed();
    this.send();
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
    if (this.busy || this.timer !== null) return;
    this.busy = true;
    while (this.entries.length || !this.reachable) {
      try {
        if (!this.reachable || this.doubtful) await this.#find();
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

  // The server was not there: it may have taken the first entry before it went, and must not be told twice.
  async #find() {
    const session = await ask("api/session");
    const now = new Map(session.items.map((item) => [item.id, item]));
    const first = this.entries[0];
    if (first?.sent !== undefined && session.revision > first.sent) {
      const same = first.kind !== "decisions" || first.changes.every((change) =>
        Object.entries(change).every(([name, value]) => name === "id" || (now.get(change.id)?.[name] ?? null) === value));
      if (same) this.#drop();
    }
    this.revision = session.revision;
    const back = !this.reachable;
    this.reachable = true;
    this.doubtful = this.locked = false;
    this.changed(back);
  }

  async #sendFirst() {
    const [entry] = this.entries;
    const { kind, changes } = entry;
    entry.sent ??= this.revision;
    this.#keep();
    let reply;
    try {
      reply = await ask(`api/${kind}`, kind === "decisions" ? { changes } : {});
    } catch (error) {
      if (!(error instanceof Answered) || error.status >= 500 || error.status === 401 || error.status === 403) throw error;
      this.#drop();
      this.refused(entry, error.message);
      return;
    }
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
    this.doubtful = true;
    this.locked = error instanceof Answered && (error.status === 401 || error.status === 403);
    const wait = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.hurry(), wait);
  }

  #keep() {
    try {
      if (this.entries.length) localStorage.setItem(this.key, JSON.stringify(this.entries));
      else localStorage.removeItem(this.key);
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }
}

function storedKeys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

export class Answered extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// JSON of the server; an `Answered` where it says no, a TypeError where it does not answer.
export async function ask(path, body = null) {
  const answer = await fetch(path, body === null ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), keepalive: true,
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Answered(answer.status, problem.detail || problem.title || `the server answered ${answer.status}`);
  }
  return answer.json();
}
