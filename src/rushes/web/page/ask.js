// Requests to the server: what it answers, how far the sending is, and what is wrong as one sentence.

// What is wrong, as the server's problem+json says it, or why there was no answer.
export class Problem extends Error {
  constructor(status, title, detail, retryAfter = null) {
    super(detail || title);
    Object.assign(this, { name: "Problem", status, title, detail, retryAfter });
  }
}

const BUSY = new Set([429, 503]);
const TRIES = 8;
const SHORTEST_WAIT = 0.05;
const LONGEST_WAIT = 60;
const USUAL_WAIT = 2;

/* Ask once and return {reply: parsed JSON, Blob or null, headers, milliseconds}.
   body: FormData or a value that is sent as JSON; sent(fraction) is told while a body goes out; signal aborts.
   Throws Problem; an aborted request throws a DOMException named AbortError. */
function askOnce(path, { method = "GET", body = null, as = "json", sent = null, signal = null, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much of a body has been sent
    const begun = performance.now();
    const stop = () => request.abort();
    const done = (run, value) => { signal?.removeEventListener("abort", stop); run(value); };
    if (signal?.aborted) { reject(aborted()); return; }
    signal?.addEventListener("abort", stop);
    request.open(method, path);
    request.responseType = "blob";
    request.setRequestHeader("Accept", as === "json" ? "application/json, application/problem+json" : "image/*, application/problem+json");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (sent) request.upload.onprogress = (event) => event.lengthComputable && sent(event.loaded / event.total);
    request.onabort = () => done(reject, aborted());
    request.onerror = () => done(reject, new Problem(0, "No answer", "The server does not answer. Is it still running?"));
    request.onload = async () => {
      const milliseconds = performance.now() - begun;
      try {
        if (request.status >= 400) throw await problemOf(request);
        const reply = request.status === 204 ? null : as === "json" ? JSON.parse(await request.response.text()) : request.response;
        done(resolve, { reply, status: request.status, headers: (name) => request.getResponseHeader(name), milliseconds });
      } catch (error) {
        done(reject, error instanceof Problem ? error : new Problem(request.status, "Unreadable", "The server's answer cannot be read."));
      }
    };
    if (body === null || body instanceof FormData) request.send(body);
    else {
      request.setRequestHeader("Content-Type", "application/json");
      request.send(JSON.stringify(body));
    }
  });
}

/* Ask, and where the server is busy (429, 503 with Retry-After) ask again after the time that it names.
   waits({seconds, tries, of, detail}) is told before each wait, and waits(null) after it. */
export async function ask(path, options = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await askOnce(path, options);
    } catch (error) {
      if (!(error instanceof Problem) || !BUSY.has(error.status) || error.retryAfter === null || tries >= TRIES) throw error;
      const seconds = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, error.retryAfter));
      options.waits?.({ seconds, tries, of: TRIES, detail: error.message });
      await pause(seconds, options.signal);
      options.waits?.(null);
    }
  }
}

// Wait so many seconds; an abort ends it with AbortError.
export function pause(seconds, signal = null) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) { reject(aborted()); return; }
    const stop = () => { clearTimeout(timer); reject(aborted()); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

export const isAbort = (error) => error?.name === "AbortError";
const aborted = () => new DOMException("stopped", "AbortError");

async function problemOf(request) {
  const after = Number.parseFloat(request.getResponseHeader("Retry-After"));
  const wait = Number.isFinite(after) ? after : request.getResponseHeader("Retry-After") === null ? null : USUAL_WAIT;
  let told = {};
  try {
    told = JSON.parse(await request.response.text());
  } catch {
    // Not ours: a proxy between, say. Its status is all that is known.
  }
  const title = told.title || request.statusText || `Status ${request.status}`;
  return new Problem(request.status, title, told.detail || `The server answers ${request.status} ${title}.`.trim(), wait);
}
