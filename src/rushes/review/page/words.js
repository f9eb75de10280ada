// What is said of a photograph, for eyes and for screen readers.

export const COLORS = { 6: "red", 7: "yellow", 8: "green", 9: "blue" };
export const DECIDED = { pick: "picked", reject: "rejected" };

export const score = (value) => (value === null || value === undefined ? "" : value.toFixed(2));
export const stars = (rating) => (rating ? "★".repeat(rating) : "");
export const number = (value) => value.toLocaleString("en");
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// A label from elsewhere stands, and is no decision that was made here.
export const decided = (item) => (!item.decision ? "undecided" : item.own ? DECIDED[item.decision] : `${DECIDED[item.decision]} by a label from elsewhere`);

export function describe(item) {
  const said = [item.name, decided(item)];
  if (item.rating) said.push(plural(item.rating, "star"));
  if (item.color) said.push(`label ${item.color}`);
  if (item.verdict) said.push(`the cull proposes ${item.verdict}, score ${score(item.score)}`);
  if (item.series) said.push(`${item.series.kind}, rank ${item.series.rank} of ${item.series.size}`);
  return said.join(", ");
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
