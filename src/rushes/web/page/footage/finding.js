// How scenes are to be found: what shots are compared by, and what else is looked for.

import { Button, Dialog } from "../parts.js";
import { hooks, html } from "../view.js";

export function Finding({ film, close, begin }) {
  const { choices, usual, asked, faces, no_faces: refused } = film.structure;
  const [wanted, setWanted] = hooks.useState(() => ({ ...usual, ...asked }));
  const change = (name) => (event) => setWanted((before) => ({ ...before, [name]: event.target.type === "checkbox" ? event.target.checked : event.target.value }));
  const go = () => {
    close();
    begin("structure", `?${new URLSearchParams({ looks: wanted.looks, closeness: wanted.closeness, detector: wanted.detector, faces: wanted.faces })}`);
  };
  const field = (name, label, words) => html`<label class="field"><span>${label}</span><select value=${wanted[name]} onChange=${change(name)}>${choices[name].map((one) => html`<option key=${one.name} value=${one.name}>${one.words}</option>`)}</select>
    <span class="small">${words}</span></label>`;
  return html`<${Dialog} title="Find scenes" close=${close}><form class="asking" onSubmit=${(event) => { event.preventDefault(); go(); }}>
    <p class="soft">Shots that look alike, lie near and alternate belong to one scene; two set-ups that answer each other are a dialogue. A few frames of each shot are looked at once; what is noted of them is kept in the project.</p>
    ${field("looks", "Compare shots by", "A bundle sees more than the scan, and takes longer the first time.")}
    ${field("closeness", "Medium close-ups by", "Two sides in medium close-ups speak for a dialogue.")}
    ${field("detector", "Objects by", "Words of what is in the pictures, to filter shots by.")}
    ${film.structure.subtitles && html`<p class="small soft">Beside the film lies <b>${film.structure.subtitles}</b>: its subtitles are read too, and compared with the sound.</p>`}
    <fieldset><legend>Faces</legend><label class="check"><input type="checkbox" checked=${faces && wanted.faces} disabled=${!faces} onChange=${change("faces")} aria-describedby="what-is-kept" /><span>Look for faces, and tell characters apart by them</span></label>
      <p class="small" id="what-is-kept">${faces ? html`Faces are data about persons. Kept in the project, in <code>.rushes/faces</code> and nowhere else: where each face is, numbers by which faces of one person are alike, names that you give, and pictures of the faces. Nothing is sent anywhere, and all of it can be deleted at any time, here or with <code>rushes faces wipe</code>.` : `${refused[0].toUpperCase()}${refused.slice(1)}.`}</p></fieldset>
    <p class="choice-row"><button type="submit" class="button primary" autofocus><span>Find scenes</span></button><${Button} plain text="Not now" run=${close} /></p></form><//>`;
}
