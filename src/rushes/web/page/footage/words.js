// Words and signs of footage: what a film is, the order of classes, and what the camera does as a sign.

import { html } from "../view.js";
import { clock } from "../words.js";

const SIGNS = {
  static: "M3.500 3.500h9v9h-9z",
  motion: "M2 8h12M5 5 2 8l3 3M11 5l3 3-3 3",
  push: "M2.500 2.500 6.500 6.500M6.500 3.500v3h-3M13.500 2.500l-4 4M9.500 3.500v3h3M2.500 13.500l4-4M6.500 12.500v-3h-3M13.500 13.500l-4-4M9.500 12.500v-3h3",
  pull: "M6.500 6.500 2.500 2.500M2.500 5.500v-3h3M9.500 6.500l4-4M13.500 5.500v-3h-3M6.500 9.500l-4 4M2.500 10.500v3h3M9.500 9.500l4 4M13.500 10.500v3h-3",
};
const SCALES = ["ECS", "CS", "MCU", "MS", "FS", "LS"];

const ORDERS = { movement: ["static", "motion", "push", "pull"], scale: SCALES }; // where the project has no such task

// The classes of a task in order: as the project has them, else as rushes knows them, else as they were answered.
export function classesOf(film, task) {
  const listed = film.classes[task] ?? ORDERS[task] ?? [];
  const answered = [...(film.shot_list ?? []).map((shot) => shot.answers[task]?.class), ...film.label_list.filter((one) => one.task === task).map((one) => one.class)];
  return [...listed, ...new Set(answered.filter((name) => name !== undefined && !listed.includes(name)).sort())];
}

// What a task says of a shot, as a small sign: arrows of a movement, a figure of a scale; nothing of another task.
export function Sign({ task, name }) {
  const drawn = task === "movement" ? SIGNS[name] : null;
  if (drawn) return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${drawn} /></svg>`;
  const near = SCALES.indexOf(name);
  if (task !== "scale" || near < 0) return null;
  const size = 6.5 - near; // a head that gets smaller as the camera is farther away
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><rect x="1.500" y="2.500" width="13" height="11" rx="1" />
    <circle cx="8" cy=${8.5 - size / 4} r=${Math.max(1.2, size / 1.6)} /></svg>`;
}

export function factsOf(source) {
  const rate = source.rate ? source.rate.split("/").reduce((over, under) => over / under) : null;
  return [
    source.duration_seconds === null ? null : clock(source.duration_seconds, 1),
    `${source.width_pixels} × ${source.height_pixels}`,
    rate === null ? null : `${Number.parseFloat(Number(rate).toFixed(3))} fps`,
    source.codec,
  ].filter(Boolean);
}

export const pathOf = (source, ...parts) => ["footage", source.source, ...parts].join("/");
export const hashOf = (source) => `#/footage/${source.source}`;
