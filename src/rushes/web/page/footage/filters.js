// Which shots are shown: by what is said of them, by their labels, and by where they stand in the film.

import { Button } from "../parts.js";
import { html } from "../view.js";
import { plural } from "../words.js";
import { classesOf } from "./words.js";

export const NOTHING = "–"; // the value of a filter that looks for shots of which nothing is said

export const labelsWithin = (film, shot, task) => film.label_list.filter((one) => one.task === task
  && one.start_seconds < shot.stop_seconds - 1e-6 && (one.stop_seconds > shot.start_seconds + 1e-6 || one.start_seconds >= shot.start_seconds - 1e-6));

export const tasksOf = (film) => [...new Set((film.shot_list ?? []).flatMap((shot) => Object.keys(shot.answers)))].sort((one, other) => (one === "scale") - (other === "scale") || one.localeCompare(other));

// Of what a structure knows of a shot: the values that a filter may look for, as text.
const PARTS = {
  "in:scene": (model, number) => [model.of(number).scene],
  "in:dialogue": (model, number) => [model.dialogueOf(number)?.dialogue].filter(Boolean),
  "in:character": (model, number) => model.of(number).characters ?? [],
  "in:setup": (model, number) => (model.recurring.includes(model.of(number).setup) ? [model.of(number).setup] : []),
  "in:subject": (model, number) => model.of(number).subjects ?? [],
};
const NAMES = { "in:scene": "scene", "in:dialogue": "dialogue", "in:character": "character", "in:setup": "set-up", "in:subject": "in the picture" };

export const nameOf = (name) => NAMES[name] ?? (name.startsWith("label:") ? `labelled ${name.slice(6)}` : name);

export function fits(film, model, shot, filters) {
  return Object.entries(filters).every(([name, value]) => {
    if (name.startsWith("in:")) return !model || PARTS[name](model, shot.number).some((one) => String(one) === value);
    if (name.startsWith("label:")) return labelsWithin(film, shot, name.slice(6)).some((one) => one.class === value);
    return (shot.answers[name]?.class ?? NOTHING) === value;
  });
}

// [[value, how many shots], …] of a filter, in the order of classes; what is not said comes last.
export function choicesOf(film, name) {
  const counts = new Map();
  for (const shot of film?.shot_list ?? []) {
    const values = name.startsWith("label:") ? new Set(labelsWithin(film, shot, name.slice(6)).map((one) => one.class)) : [shot.answers[name]?.class ?? NOTHING];
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  if (counts.size === 0 || (counts.size === 1 && counts.has(NOTHING))) return [];
  return [...classesOf(film, name.replace("label:", "")), NOTHING].filter((value) => counts.has(value)).map((value) => [value, counts.get(value)]);
}

// The same of where shots stand: scenes and dialogues in their order, set-ups and words by how often they are seen.
function partsOf(model, name) {
  const counts = new Map();
  for (const shot of model.shots) for (const value of PARTS[name](model, shot.shot)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const often = name === "in:setup" || name === "in:subject";
  return [...counts].sort((one, other) => (often ? other[1] - one[1] : 0) || (typeof one[0] === "number" ? one[0] - other[0] : String(one[0]).localeCompare(other[0])));
}

// All filters that a film has: [[name, choices], …].
export function filtersOf(film, model) {
  const said = [...tasksOf(film), ...Object.keys(film.classes).map((task) => `label:${task}`)].map((name) => [name, choicesOf(film, name)]);
  const parts = model ? Object.keys(PARTS).map((name) => [name, partsOf(model, name)]) : [];
  return [...parts, ...said].filter(([name, choices]) => choices.length > (name === "in:scene" ? 1 : 0));
}

const shownAs = (model, name, value) => (value === NOTHING ? "not said" : name === "in:character" ? model.titleOf(value) : value);

export function Filters({ film, model, offered, at, within, playing, filters, seen, even, does }) {
  return html`<div class="tools" role="group" aria-label="Which shots are shown">
    ${offered.map(([name, choices]) => html`<label key=${name}><span class="soft small">${nameOf(name)}</span>
      <select value=${filters[name] ?? ""} onChange=${(event) => does.filterBy(name, event.target.value)}><option value="">all</option>
        ${choices.map(([value, count]) => html`<option key=${value} value=${value}>${shownAs(model, name, value)} (${count})</option>`)}</select></label>`)}
    <${Button} text="By length" label="Pictures as wide as shots last" keys="w" aria-pressed=${!even} run=${does.widths} />
    <p class="soft number" aria-live="polite">${seen.length === film.shots ? plural(film.shots, "shot") : `${seen.length} of ${plural(film.shots, "shot")}`}</p>
    ${!within && html`<p class="number">Shot ${at} ${playing ? "plays" : "is chosen"}, which is not among them</p>`}
    ${Object.keys(filters).length > 0 && html`<${Button} plain text="Show all" keys="Escape" run=${does.clear} />`}
  </div>`;
}
