// Where the black bars around a picture end, as rushes.datasets.letterbox finds them in Python; the reasons stand there.

import { gray, roundHalfEven } from "./planes.js";

const LEAST_SIDE = 32;
const BLACKEST = 40;
const LIT = 16;
const STRAY = 0.02;
const FILLED = 0.3;
const WELL_FILLED = 0.5;
const STEEP = 0.6;
const FLAT = 3;
const SOFT = 0.01;
const LEAST_BAR = 0.015;
const MOST_BAR = 1 / 3;
const LEAST_SHOWN = 1 / 3;
const UNEVEN = 0.25;

// Rows from top up to bottom and columns from left up to right; all of the picture where it has no bars.
export function findLetterbox(picture) {
  const { width, height } = picture;
  const whole = { top: 0, bottom: height, left: 0, right: width };
  if (Math.min(width, height) < LEAST_SIDE) return whole;
  const luma = picture.channels === 3 ? gray(picture).data : picture.data;
  const level = levelOfCorners(luma, width, height);
  if (level === null) return whole;
  const share = litShares(luma, width, level, { top: 0, bottom: height, left: 0, right: width });
  const rows = ends(share.rows);
  const columns = ends(share.columns);
  if (!reaches(rows, height) || !reaches(columns, width)) return whole;
  const box = { top: rows[0], bottom: rows[1] + 1, left: columns[0], right: columns[1] + 1 };
  const inside = litShares(luma, width, level, box);
  const means = meansOfLines(luma, width, height);
  const [top, bottom] = bars(inside.rows, means.rows, rows[0], level);
  const [left, right] = bars(inside.columns, means.columns, columns[0], level);
  return { top, bottom: height - bottom, left, right: width - right };
}

function reaches(lines, side) {
  return lines !== null && lines[1] - lines[0] >= LEAST_SHOWN * side;
}

function ends(shares) {
  const first = shares.findIndex((share) => share > STRAY);
  return first < 0 ? null : [first, shares.findLastIndex((share) => share > STRAY)];
}

function litShares(luma, width, level, { top, bottom, left, right }) {
  const rows = new Float64Array(bottom - top);
  const columns = new Float64Array(right - left);
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      if (luma[y * width + x] > level + LIT) {
        rows[y - top] += 1;
        columns[x - left] += 1;
      }
    }
  }
  return { rows: rows.map((count) => count / columns.length), columns: columns.map((count) => count / rows.length) };
}

function meansOfLines(luma, width, height) {
  const rows = new Float64Array(height);
  const columns = new Float64Array(width);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y] += luma[y * width + x];
      columns[x] += luma[y * width + x];
    }
  }
  return { rows: rows.map((sum) => sum / width), columns: columns.map((sum) => sum / height) };
}

function levelOfCorners(luma, width, height) {
  const tall = Math.max(2, Math.floor(height / 100));
  const wide = Math.max(2, Math.floor(width / 100));
  const means = [];
  for (const top of [0, height - tall]) {
    for (const left of [0, width - wide]) {
      let sum = 0;
      for (let y = top; y < top + tall; y += 1) for (let x = left; x < left + wide; x += 1) sum += luma[y * width + x];
      means.push(sum / (tall * wide));
    }
  }
  const sorted = [...means].sort((one, other) => one - other);
  const level = (sorted[1] + sorted[2]) / 2;
  const apart = Math.max(...means.map((mean) => Math.abs(mean - level)));
  return level > BLACKEST || apart > FLAT ? null : level;
}

function bars(filled, means, start, level) {
  const side = means.length;
  const reach = 3 + roundHalfEven(SOFT * side);
  const [first, last] = [edge(filled, reach), edge([...filled].reverse(), reach)];
  if (first === null || last === null) return [0, 0];
  if (Math.max(filled[first], filled[filled.length - 1 - last]) < WELL_FILLED) return [0, 0];
  const [before, after] = [start + first, side - start - filled.length + last];
  const [narrow, wide] = [Math.min(before, after), Math.max(before, after)];
  if (narrow < Math.max(2, LEAST_BAR * side) || wide > MOST_BAR * side) return [0, 0];
  if (wide - narrow > Math.max(2, UNEVEN * wide)) return [0, 0];
  const lines = [
    ...means.slice(0, Math.max(1, before - reach)),
    ...means.slice(Math.min(side - 1, side - after + reach)),
  ];
  return lines.every((mean) => Math.abs(mean - level) <= FLAT) ? [before, after] : [0, 0];
}

function edge(filled, reach) {
  const near = [...filled.slice(0, reach + 1)];
  const wanted = Math.max(FILLED, STEEP * Math.max(...near));
  const found = near.findIndex((share) => share >= wanted);
  return found < 0 ? null : found;
}
