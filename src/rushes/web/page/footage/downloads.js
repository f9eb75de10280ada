// What is understood of a film, as files: a menu of them.

import { Icon } from "../icons.js";
import { hooks, html } from "../view.js";
import { pathOf } from "./words.js";

export function Downloads({ film }) {
  const root = hooks.useRef(null), [open, setOpen] = hooks.useState(false);
  const close = () => { root.current?.querySelector("summary").focus(); setOpen(false); };
  hooks.useEffect(() => { // a press elsewhere closes it
    if (!open) return undefined;
    const look = (event) => { if (!root.current?.contains(event.target)) setOpen(false); };
    document.addEventListener("pointerdown", look);
    return () => document.removeEventListener("pointerdown", look);
  }, [open]);
  return html`<details class="downloads" ref=${root} open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}
      onFocusOut=${(event) => { if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setOpen(false); }}
      onKeyDown=${(event) => { if (event.key === "Escape" && open) { event.preventDefault(); close(); } }}>
    <summary class="button plain"><${Icon} name="save" /><span>Download</span></summary>
    <ul>${film.structure.exports.map(({ format, words }) => html`<li key=${format}><a href=${pathOf(film, `structure.${format}`)} download onClick=${close}><span class="words">${words}</span><span class="soft small">${format}</span></a></li>`)}</ul></details>`;
}
