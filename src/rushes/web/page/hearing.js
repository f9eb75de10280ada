// Work that goes on at the server: heard of by its events and, where those break off, by asking until the server is silent.

import { ask, pause, Problem } from "./ask.js";

const ASKED_EVERY_SECONDS = 1;
const SILENT_TRIES = 4; // in a row

/* Hear of work until it is over, and return what it came to.
   events: address of its server-sent events; names: those that are heard. `take(name, data)` returns {over: value} once
   the work is over, undefined before, and may throw what is wrong. href: where it is asked for where the events break
   off; `look(reply)` does the same with an answer. signal: an abort ends the hearing with AbortError.
   Throws Problem where the server stays silent. */
export function hear({ events, names, take, href, look, signal }) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(events);
    const end = (run, value) => { source.close(); signal.removeEventListener("abort", stop); run(value); };
    const stop = () => end(reject, new DOMException("stopped", "AbortError"));
    if (signal.aborted) { stop(); return; }
    signal.addEventListener("abort", stop);
    for (const name of names) {
      source.addEventListener(name, (event) => {
        if (signal.aborted) return;
        try {
          const found = take(name, JSON.parse(event.data));
          if (found) end(resolve, found.over);
        } catch (error) {
          end(reject, error);
        }
      });
    }
    source.onerror = () => end(resolve, askUntil({ href, look, signal }));
  });
}

async function askUntil({ href, look, signal }) {
  for (let silent = 0; ;) {
    try {
      const { reply } = await ask(href, { signal });
      silent = 0;
      const found = look(reply);
      if (found) return found.over;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 0 || ++silent >= SILENT_TRIES) throw error;
    }
    await pause(ASKED_EVERY_SECONDS, signal);
  }
}
