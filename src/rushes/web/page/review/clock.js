// How long a key takes until the next picture is on the screen.

const MOST = 20_000;

export class Clock {
  constructor() {
    this.times = []; // until the right photograph is shown, be it small
    this.sharp = []; // until it is shown at the window's resolution
    this.began = null;
  }

  begin(moment) {
    this.began = moment;
    this.first = true;
  }

  forget() {
    this.began = null;
  }

  drawn(id, quality) {
    const { began } = this;
    if (began === null || !quality) return;
    const sharp = quality !== "thumb";
    const first = this.first;
    this.first = false;
    if (sharp) this.began = null;
    if (!first && !sharp) return;
    this.afterPaint(() => {
      const taken = performance.now() - began;
      if (first) keep(this.times, taken);
      if (sharp) keep(this.sharp, taken);
    });
  }

  // Runs after the frame in which the changes of now are painted: a message is handled once the frame is done.
  afterPaint(run) {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = run;
      port2.postMessage(null);
    });
  }
}

function keep(times, taken) {
  times.push(taken);
  if (times.length > MOST) times.shift();
}
