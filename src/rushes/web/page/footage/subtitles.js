// The subtitles of a film, searched by what is said.

import { Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { clock, plural } from "../words.js";
import { steady } from "./structure.js";

const FITS = {
  fits: (found) => `They go with the film: ${found.reason}.`,
  moved: (found) => `In the film they come ${Math.abs(found.offset_seconds).toFixed(2)} s ${found.offset_seconds > 0 ? "later" : "earlier"} than the file says; that is set right here: ${found.reason}.`,
  "not known": (found) => `Whether they go with the film is not known: ${found.reason}.`,
};

export const Subtitles = steady(({ film, model, field, does }) => {
  const [wanted, setWanted] = hooks.useState("");
  const found = model.subtitles, word = wanted.trim().toLocaleLowerCase();
  const lines = hooks.useMemo(() => (found?.entries ?? []).filter((one) => one.text.toLocaleLowerCase().includes(word)), [found, word]);
  if (!found) return html`<div class="opening"><${Message} kind="note" title="No subtitles">They are read from a file beside the film that is called as it is: <code>${film.name}.srt</code>. Put it there, and find the scenes again.<//></div>`;
  return html`<div class="speech">
    ${found.fit === "other film" ? html`<${Message} title=${`${found.name} does not seem to belong to this film`}>${found.reason}. Its lines are listed all the same.<//>` : html`<p class="small soft">Read from <b>${found.name}</b>, which lies beside the film. ${FITS[found.fit](found)} Who speaks is not known.</p>`}
    <div class="tools" role="search" aria-label="Subtitles"><label class="find"><span class="unseen">Search the subtitles</span>
        <input type="search" ref=${field} placeholder="Search what is said" value=${wanted} aria-keyshortcuts="/" onInput=${(event) => setWanted(event.target.value)}
          onKeyDown=${(event) => { if (event.key === "Enter" && lines.length) does.seek(lines[0].start_seconds, { lands: true }); if (event.key === "Escape") { if (wanted) event.preventDefault(); setWanted(""); event.target.blur(); } }} /></label>
      <p class="soft number" aria-live="polite">${word ? `${lines.length} of ${plural(found.entries.length, "line")}` : plural(found.entries.length, "line")}</p></div>
    ${lines.length ? html`<ol class="lines">${lines.map((one) => html`<li key=${one.start_seconds}><button type="button" onClick=${() => does.seek(one.start_seconds, { lands: true })}>
        <span class="number soft">${clock(one.start_seconds)}</span><span class="text">${marked(one.text, word)}</span>
        <span class="number soft small">${one.first_shot ? `scene ${model.of(one.first_shot).scene} · shot ${one.first_shot}` : "outside the film"}</span></button></li>`)}</ol>`
      : html`<p class="soft">Nothing is said like that.</p>`}</div>`;
});

// The text with what is looked for in it marked.
function marked(text, word) {
  if (!word) return text;
  const parts = [], low = text.toLocaleLowerCase();
  if (low.length !== text.length) return text; // letters that change their length: no place is sure
  let at = 0;
  for (let found = low.indexOf(word); found >= 0; found = low.indexOf(word, at)) {
    parts.push(text.slice(at, found), html`<mark>${text.slice(found, found + word.length)}</mark>`);
    at = found + word.length;
  }
  return [...parts, text.slice(at)];
}
