// Asking the server of one review.

export class Server {
  // `slug` names the review in the address of the page.
  constructor(slug) {
    this.base = `reviews/${encodeURIComponent(slug)}/`;
    this.address = (id, quality) => `${this.base}pictures/${encodeURIComponent(id)}/${quality}`;
  }

  // JSON of the server; an `Answered` where it says no, a TypeError where it does not answer.
  async ask(path, body = null) {
    const sent = body === null ? null : JSON.stringify(body);
    const answer = await fetch(this.base + path, sent === null ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: sent, keepalive: sent.length < OUTLIVES,
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
