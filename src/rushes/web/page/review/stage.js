// One sample on a canvas: the best picture of it that is there, fitted or zoomed, drawn the moment it is asked for.

import { closeUp, fitScale, pan, place, zoomAt } from "./geometry.js";

const WIDE = matchMedia("(color-gamut: p3)").matches;
const SWIPE = 48; // CSS pixels
const TAP = 9;
const REST = 120; // ms

export class Stage {
  // `deeds` has zoom(zoom), step(by), focus(): what pointers ask for. `look()` gives {pictures, zoom, heat}.
  constructor(canvas, look, deeds) {
    Object.assign(this, { canvas, look, deeds });
    this.brush = canvas.getContext("2d", WIDE ? { colorSpace: "display-p3" } : {});
    this.item = null;
    this.drawn = null; // {id, quality}
    this.window = { width: 1, height: 1 };
    this.pointer = null;
    this.touches = new Map();
    this.watch = new ResizeObserver(() => this.measure() && this.draw());
    this.watch.observe(canvas);
    this.#listen();
  }

  end() {
    this.watch.disconnect();
    clearTimeout(this.resting);
  }

  measure() {
    const ratio = devicePixelRatio;
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height || (width === this.canvas.width && height === this.canvas.height)) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    this.window = { width, height };
    return true;
  }

  // Quickly first: a smooth reduction takes a browser without a graphics card three times as long, and comes at rest.
  show(item) {
    this.item = item;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.draw(), REST);
    return this.draw("low");
  }

  // Returns the quality that is on the canvas now, null where there is nothing yet.
  draw(smoothing = "high") {
    const { brush, item, window } = this;
    const { pictures, heat, zoom: wanted } = this.look();
    if (!item) return null;
    const zoom = pictures.broken.has(`full/${item.id}`) ? null : wanted; // there is nothing to look at closer
    const found = pictures.best(item.id, { full: zoom !== null, heat });
    brush.clearRect(0, 0, window.width, window.height);
    this.drawn = null;
    if (!found) return null;
    const size = this.size(found.source);
    const there = place(size, window, zoom);
    brush.imageSmoothingEnabled = !(zoom && zoom.k >= 2 && found.quality === "full");
    brush.imageSmoothingQuality = smoothing;
    brush.drawImage(found.source, there.x, there.y, there.width, there.height);
    const { source } = found;
    this.drawn = { id: item.id, quality: found.quality, width: source.naturalWidth || source.width, height: source.naturalHeight || source.height };
    return found.quality;
  }

  // The original's size, so that a zoom means the same whichever picture is there.
  size(source) {
    const { width, height } = this.item;
    if (width && height) return { width, height };
    return { width: source.naturalWidth || source.width, height: source.naturalHeight || source.height };
  }

  get shape() {
    const found = this.item && this.look().pictures.best(this.item.id);
    return found ? this.size(found.source) : { width: this.item?.width || 3, height: this.item?.height || 2 };
  }

  // The zoom that Z leads to: 1:1 at the pointer where it is over this picture, at the centre otherwise; null back to fit.
  toggled() {
    if (this.look().zoom) return null;
    const point = this.pointer ?? { x: this.window.width / 2, y: this.window.height / 2 };
    return zoomAt(this.shape, this.window, null, closeUp(this.shape, this.window), point);
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * devicePixelRatio, y: (event.clientY - box.top) * devicePixelRatio };
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.touches.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => { this.pointer = null; });
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #down(event) {
    if (event.button) return;
    this.deeds.focus();
    capture(this.canvas, event.pointerId);
    this.touches.set(event.pointerId, { x: event.clientX, y: event.clientY, fromX: event.clientX, fromY: event.clientY });
    if (this.touches.size === 2) this.pinched = { apart: this.#apart(), k: this.#k(), used: true };
  }

  #move(event) {
    if (event.pointerType !== "touch") this.pointer = this.#point(event);
    const touch = this.touches.get(event.pointerId);
    if (!touch) return;
    const dx = event.clientX - touch.x;
    const dy = event.clientY - touch.y;
    touch.x = event.clientX;
    touch.y = event.clientY;
    const { zoom } = this.look();
    if (this.touches.size === 2) this.#scale(this.pinched.k * (this.#apart() / this.pinched.apart), this.#middle());
    else if (zoom && (dx || dy)) this.deeds.zoom(pan(this.shape, this.window, zoom, dx * devicePixelRatio, dy * devicePixelRatio));
  }

  #up(event) {
    const touch = this.touches.get(event.pointerId);
    this.touches.delete(event.pointerId);
    if (!touch) return;
    if (this.pinched) {
      if (!this.touches.size) this.pinched = null;
      return;
    }
    const dx = event.clientX - touch.fromX;
    const dy = event.clientY - touch.fromY;
    const still = Math.hypot(dx, dy) < TAP;
    if (still && event.pointerType === "mouse") {
      this.pointer = this.#point(event);
      this.deeds.zoom(this.toggled());
    } else if (still) this.#tap(event);
    else if (!this.look().zoom && event.pointerType !== "mouse" && Math.abs(dx) > SWIPE && Math.abs(dx) > 1.5 * Math.abs(dy)) {
      this.deeds.step(dx < 0 ? 1 : -1);
    }
  }

  // Two taps are a zoom, as a finger cannot point without touching.
  #tap(event) {
    const second = event.timeStamp - (this.tapped ?? -Infinity) < 320;
    this.tapped = second ? -Infinity : event.timeStamp;
    if (!second) return;
    this.pointer = this.#point(event);
    this.deeds.zoom(this.toggled());
    this.pointer = null;
  }

  #wheel(event) {
    if (!this.item) return;
    event.preventDefault();
    this.pointer = this.#point(event);
    this.#scale(this.#k() * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0018)), this.pointer);
  }

  #scale(k, point) {
    const fit = fitScale(this.shape, this.window);
    if (k <= fit * 1.01) this.deeds.zoom(null);
    else this.deeds.zoom(zoomAt(this.shape, this.window, this.look().zoom, Math.min(k, Math.max(8, fit * 4)), point));
  }

  #k() {
    return this.look().zoom?.k ?? fitScale(this.shape, this.window);
  }

  #apart() {
    const [a, b] = [...this.touches.values()];
    return Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  }

  #middle() {
    const [a, b] = [...this.touches.values()];
    return this.#point({ clientX: (a.x + b.x) / 2, clientY: (a.y + b.y) / 2 });
  }
}

function capture(canvas, pointer) {
  try {
    canvas.setPointerCapture(pointer);
  } catch {
    // The pointer was gone before its event was handled.
  }
}
