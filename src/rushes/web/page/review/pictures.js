// Pictures, decoded before they are asked for.

const AT_ONCE = 3; // a browser opens six connections to a server: thumbs and decisions need some
const KEPT_FIT = 14; // ImageBitmaps of 2048 pixels take about 11 MB each
const KEPT_THUMBS = 400;
const KEPT_FULL = 5;

export class Pictures {
  // `address(id, quality)` says where one is; `ready(id, quality)` is called when one has come, `failed(id, unreachable)` when one cannot be had.
  constructor(address, ready, failed) {
    this.address = address;
    this.ready = ready;
    this.failed = failed;
    this.fits = new Kept(KEPT_FIT, (bitmap) => bitmap.close());
    this.fulls = new Kept(KEPT_FULL, (bitmap) => bitmap.close());
    this.heats = new Kept(KEPT_FIT, (bitmap) => bitmap.close());
    this.thumbs = new Kept(KEPT_THUMBS, () => {});
    this.broken = new Set();
    this.flaws = new Map(); // "fit/ID" -> why it is not the photograph
    this.plan = [];
    this.running = new Map();
  }

  // The best that is there now: {source, quality}, or null.
  best(id, { full = false, heat = false } = {}) {
    if (heat && this.heats.has(id)) return { source: this.heats.get(id), quality: "heat" };
    if (full && this.fulls.has(id)) return { source: this.fulls.get(id), quality: "full" };
    if (this.fits.has(id)) return { source: this.fits.get(id), quality: "fit" };
    const thumb = this.thumb(id);
    return thumb.complete && thumb.naturalWidth ? { source: thumb, quality: "thumb" } : null;
  }

  // Why a picture is not the photograph; "" where it is.
  flaw(id, quality) {
    return this.flaws.get(`${quality}/${id}`) ?? "";
  }

  thumb(id) {
    const known = this.thumbs.get(id);
    if (known) return known;
    const made = new Image();
    made.decoding = "async";
    made.src = this.address(id, "thumb");
    made.addEventListener("load", () => this.ready(id, "thumb"));
    this.thumbs.set(id, made);
    return made;
  }

  // Get these, in this order, and forget what was asked for before. Each is [id, quality].
  want(plan, room = 0) {
    this.plan = plan;
    const fits = plan.filter(([, quality]) => quality === "fit").length;
    this.fits.limit = Math.max(KEPT_FIT, fits + 4, room);
    this.fulls.limit = Math.max(KEPT_FULL, plan.filter(([, quality]) => quality === "full").length);
    const keys = new Set(plan.map(([id, quality]) => `${quality}/${id}`));
    for (const [key, stop] of this.running) {
      if (!keys.has(key)) {
        stop.abort();
        this.running.delete(key);
      }
    }
    for (const [id, quality] of plan) this.store(quality).touch(id);
    this.#next();
  }

  // Fetch nothing more, and give back what was decoded.
  end() {
    this.want([]);
    for (const quality of ["fit", "full", "heat"]) this.store(quality).empty();
  }

  store(quality) {
    return { fit: this.fits, full: this.fulls, heat: this.heats }[quality];
  }

  // Try what failed once more: the server is back.
  again() {
    this.broken.clear();
    for (const [id, thumb] of this.thumbs.all()) if (thumb.complete && !thumb.naturalWidth) this.thumbs.delete(id);
    this.#next();
  }

  #next() {
    for (const [id, quality] of this.plan) {
      if (this.running.size >= AT_ONCE) return;
      const key = `${quality}/${id}`;
      if (this.store(quality).has(id) || this.broken.has(key) || this.running.has(key)) continue;
      const stop = new AbortController();
      this.running.set(key, stop);
      this.#fetch(id, quality, key, stop);
    }
  }

  async #fetch(id, quality, key, stop) {
    try {
      const answer = await fetch(this.address(id, quality), { signal: stop.signal });
      if (!answer.ok) throw new Refused(answer.status);
      const flaw = answer.headers.get("Rushes-Flaw");
      if (flaw) this.flaws.set(key, decodeURIComponent(flaw));
      else this.flaws.delete(key);
      const bitmap = await createImageBitmap(await answer.blob());
      if (stop.signal.aborted) bitmap.close();
      else {
        this.store(quality).set(id, bitmap);
        this.ready(id, quality);
      }
    } catch (error) {
      if (stop.signal.aborted) return;
      this.broken.add(key);
      this.failed(id, quality, error instanceof TypeError);
    } finally {
      if (this.running.get(key) === stop) this.running.delete(key);
      this.#next();
    }
  }
}

class Refused extends Error {}

// The most lately used ones.
class Kept {
  #entries = new Map();

  constructor(limit, drop) {
    this.limit = limit;
    this.drop = drop;
  }

  has(id) {
    return this.#entries.has(id);
  }

  all() {
    return [...this.#entries];
  }

  empty() {
    for (const value of this.#entries.values()) this.drop(value);
    this.#entries.clear();
  }

  delete(id) {
    this.#entries.delete(id);
  }

  touch(id) {
    const value = this.#entries.get(id);
    if (value === undefined) return;
    this.#entries.delete(id);
    this.#entries.set(id, value);
  }

  get(id) {
    this.touch(id);
    return this.#entries.get(id);
  }

  set(id, value) {
    this.#entries.set(id, value);
    for (const [oldest, dropped] of this.#entries) {
      if (this.#entries.size <= this.limit) break;
      this.#entries.delete(oldest);
      this.drop(dropped);
    }
  }
}
