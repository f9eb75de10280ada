// Asking the server of one review.

export class Server {
  // `slug` names the review in the address of the page.
  constructor(slug) {
    this.base = `reviews/${encodeURIComponent(slug)}/`;
    this.spoken = {};
    this.address = (id, quality) => `${this.base}pictures/${encodeURIComponent(id)}/${quality}`;
  }

  // The review that this page shows. A server of another one, which has the same port now, refuses what bears its name.
  speakOf(key) {
    this.spoken = { "Rushes-Review": strict(key) };
  }

  // JSON of the server; an `Answered` where it says no, a TypeError where it does not answer.
  async ask(path, body = null) {
    const sent = body === null ? null : JSON.stringify(body);
    const answer = await fetch(this.base + path, sent === null ? { headers: this.spoken } : {
      method: "POST", headers: { "Content-Type": "application/json", ...this.spoken }, body: sent, keepalive: sent.length < OUTLIVES,
    });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      throw new Answered(answer.status, problem.detail || problem.title || `the server answered ${answer.status}`);
    }
    return answer.json();
  }
}

const OUTLIVES = 30_000; // characters: a browser sends no more than 64 KiB once the page is gone, and refuses what is longer

export class Answered extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const strict = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
