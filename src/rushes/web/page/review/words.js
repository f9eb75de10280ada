// What is said of a sample, for eyes and for screen readers.

import { percent, plural } from "../words.js";

export const COLOURS = ["red", "yellow", "green", "blue", "purple"]; // as the server takes them
export const COLOUR_KEYS = { 6: "red", 7: "yellow", 8: "green", 9: "blue" };
export const DECIDED = { pick: "picked", reject: "rejected" };

export const score = (value) => (value === null || value === undefined ? "" : value.toFixed(2));
export const stars = (rating) => (rating ? "★".repeat(rating) : "");

// A label from elsewhere stands, and is no decision that was made here.
export function decided(item, { classes, person }) {
  if (item.decision === null) return "undecided";
  const said = classes.culling ? DECIDED[classes.word(item.decision)] : item.decision;
  if (!item.own) return `${said} by a label from elsewhere`;
  return item.by && item.by !== person ? `${said} by ${item.by}` : said;
}

export function describe(item, state) {
  const said = [item.name, decided(item, state)];
  if (item.rating) said.push(plural(item.rating, "star"));
  if (item.color) said.push(`label ${item.color}`);
  if (item.verdict) said.push(`the cull proposes ${item.verdict}, score ${score(item.score)}`);
  else if (item.answer !== null) said.push(`the model says ${item.answer}${item.confidence === null ? "" : `, ${percent(item.confidence)}`}`);
  if (item.series) said.push(`${item.series.kind}, rank ${item.series.rank} of ${item.series.size}`);
  const conflict = state.conflicts.find((one) => one.id === item.id);
  if (conflict) said.push(`${conflict.by} said otherwise meanwhile`);
  return said.join(", ");
}

// How long ago something was, in the words of a person.
export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 5) return "just now";
  const [unit, of] = seconds < 90 ? ["s", 1] : seconds < 5400 ? ["min", 60] : seconds < 129600 ? ["h", 3600] : ["days", 86400];
  return `${Math.round(seconds / of)} ${unit} ago`;
}

export function exposure(camera) {
  if (!camera) return [];
  const said = [];
  if (camera.camera) said.push(["Camera", camera.camera]);
  if (camera.lens) said.push(["Lens", camera.lens]);
  const light = [];
  if (camera.exposure) light.push(shutter(camera.exposure));
  if (camera.aperture) light.push(`f/${tidy(camera.aperture)}`);
  if (camera.iso) light.push(`ISO ${tidy(camera.iso)}`);
  if (light.length) said.push(["Exposure", light.join(" · ")]);
  if (camera.focal_length) said.push(["Focal length", `${tidy(camera.focal_length)} mm`]);
  return said;
}

export function moment(captured) {
  if (!captured) return "";
  const [day, time = ""] = captured.split("T");
  return `${day} ${time.replace(/(\.\d{2})\d*/, "$1").replace(/(Z|[+-]\d\d:\d\d)$/, "")}`.trim();
}

const shutter = (value) => (typeof value !== "number" ? String(value)
  : value >= 0.3 ? `${tidy(value)} s` : `1/${Math.round(1 / value)} s`);
const tidy = (value) => (typeof value === "number" ? String(Math.round(value * 10) / 10) : String(value));
