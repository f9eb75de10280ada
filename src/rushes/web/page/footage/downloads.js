// The shots of a film, and what is understood of it, as files: one menu of them.

import { Icon } from "../icons.js";
import { hooks, html } from "../view.js";
import { pathOf } from "./words.js";

const OF_SHOTS = [["csv", "table"], ["edl", "cuts"], ["otio", "OpenTimelineIO"], ["fcpxml", "Final Cut Pro"], ["json", "all of it, for programs"]];

export function Downloads({ film }) {
  const root = hooks.useRef(null), [open, setOpen] = hooks.useState(false);
  const close = () => { root.current?.querySelector("summary").focus(); setOpen(false); };
  hooks.useEffect(() => { // a press elsewhere closes it
    if (!open) return undefined;
    const look = (event) => { if (!root.current?.contains(event.target)) setOpen(false); };
    document.addEventListener("pointerdown", look);
    return () => document.removeEventListener("pointerdown", look);
  }, [open]);
  const group = (title, files) => html`<section aria-label=${title}><h2 class="heading">${title}</h2><ul>${files.map(([path, words, format]) => html`<li key=${path}>
    <a href=${pathOf(film, path)} download onClick=${close}><span class="words">${words}</span><span class="soft small">${format}</span></a></li>`)}</ul></section>`;
  return html`<details class="downloads" ref=${root} open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}
      onFocusOut=${(event) => { if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setOpen(false); }}
      onKeyDown=${(event) => { if (event.key === "Escape" && open) { event.preventDefault(); close(); } }}>
    <summary class="button"><${Icon} name="save" /><span>Download</span></summary>
    <div class="menu">${film.structure.exports.length > 0 && group("Scenes", film.structure.exports.map(({ format, words }) => [`structure.${format}`, words, format]))}
      ${group("Shots", OF_SHOTS.map(([format, words]) => [`shots.${format}`, words, format]))}</div></details>`;
}
