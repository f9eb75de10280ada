// What is said under a picture that is not simply the sample, and of how large it is shown.

import { number } from "../words.js";

const AS_LARGE = 0.97; // cameras cut a few pixels off a raw

const size = ({ width, height }) => `${number(width)} × ${number(height)}`;

// The scale of a zoom, in the original's pixels; where fewer are there, what is shown instead.
export function scaleWords(item, drawn, { zoom, pictures }) {
  if (!zoom || pictures.broken.has(`full/${item.id}`)) return "";
  const scale = `${Math.round(zoom.k * 100)} %`;
  if (drawn?.quality === "heat") return "";
  if (drawn?.quality !== "full") return `${scale} · fetching all pixels`;
  const isKept = pictures.flaw(item.id, "full");
  if (!isKept && Math.max(drawn.width, drawn.height) >= AS_LARGE * Math.max(item.width ?? 0, item.height ?? 0)) return scale;
  return `${isKept ? "kept picture" : "preview"} ${size(drawn)} of ${size(item)}`;
}

// Why it is not the sample, and what heat is; "" of a sample.
export function noteWords(item, drawn, { zoom, pictures, cull }) {
  const flaw = pictures.flaw(item.id, drawn?.quality === "full" ? "full" : "fit");
  const said = [];
  if (zoom && pictures.broken.has(`full/${item.id}`)) said.push(`Not 1:1: ${flaw || "the file cannot be decoded whole"}`);
  else if (flaw) said.push(flaw[0].toUpperCase() + flaw.slice(1));
  if (drawn?.quality === "heat") {
    said.push(`Heat: where covering the picture costs ${item.verdict || item.answer === null ? "the pick" : item.answer} most.`);
    if (cull?.takes_measures) said.push("The model also takes what is measured, which was held fixed: it shows what the picture itself adds.");
  }
  return said.join(" ");
}
