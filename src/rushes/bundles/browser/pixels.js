// Pixels of any size as the array that a model takes, as rushes.datasets.preprocessing does it in Python.
//
// A picture is { width, height, channels, data }: data holds height rows of width pixels of so many bytes each.

import { findLetterbox } from "./letterbox.js";
import { gray, roundHalfEven } from "./planes.js";

// "640" is the long side at most, "640x360" the width and height exactly.
export function workingSize(text, width, height) {
  const sides = text.toLowerCase().replace("×", "x").split("x").map(Number);
  if (sides.length === 2) return sides;
  const scale = Math.min(1, sides[0] / Math.max(width, height));
  return [Math.max(1, roundHalfEven(width * scale)), Math.max(1, roundHalfEven(height * scale))];
}

// A picture brought to the size at which pictures of training were kept.
export function toWorkingSize(picture, text) {
  const [width, height] = workingSize(text, picture.width, picture.height);
  if (width === picture.width && height === picture.height) return picture;
  const shrinks = width <= picture.width && height <= picture.height;
  return shrinks ? averaged(picture, width, height) : interpolated(picture, width, height, CUBIC);
}

// A picture as the model takes it: its bars cut off if so wanted, resized, its colour as wanted.
export function prepare(picture, preprocessing) {
  const wanted = [preprocessing.width, preprocessing.height];
  if (preprocessing.letterbox === "remove") picture = cut(picture, findLetterbox(picture));
  let fitted;
  if (preprocessing.fit === "crop") {
    const scale = Math.min(picture.width / wanted[0], picture.height / wanted[1]);
    const width = Math.max(1, roundHalfEven(wanted[0] * scale));
    const height = Math.max(1, roundHalfEven(wanted[1] * scale));
    const left = Math.floor((picture.width - width) / 2);
    const top = Math.floor((picture.height - height) / 2);
    fitted = resize(cut(picture, { top, left, bottom: top + height, right: left + width }), ...wanted);
  } else if (preprocessing.fit === "pad") {
    const scale = Math.min(wanted[0] / picture.width, wanted[1] / picture.height);
    const width = Math.max(1, roundHalfEven(picture.width * scale));
    const height = Math.max(1, roundHalfEven(picture.height * scale));
    fitted = padded(resize(picture, width, height), ...wanted);
  } else {
    fitted = resize(picture, ...wanted);
  }
  return preprocessing.color === "gray" ? gray(fitted) : fitted;
}

// The pixels of a canvas, without their alpha.
export function withoutAlpha(rgba, width, height) {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from + 2];
  }
  return { width, height, channels: 3, data };
}

function resize(picture, width, height) {
  if (width === picture.width && height === picture.height) return picture;
  const shrinks = width < picture.width && height < picture.height;
  return shrinks ? averaged(picture, width, height) : interpolated(picture, width, height, LINEAR);
}

function cut(picture, { top, left, bottom, right }) {
  const [width, height, bytes] = [right - left, bottom - top, picture.channels];
  if (width === picture.width && height === picture.height) return picture;
  const data = new Uint8Array(width * height * bytes);
  for (let row = 0; row < height; row += 1) {
    const start = ((top + row) * picture.width + left) * bytes;
    data.set(picture.data.subarray(start, start + width * bytes), row * width * bytes);
  }
  return { width, height, channels: bytes, data };
}

function padded(picture, width, height) {
  const bytes = picture.channels;
  const data = new Uint8Array(width * height * bytes);
  const left = Math.floor((width - picture.width) / 2);
  const top = Math.floor((height - picture.height) / 2);
  for (let row = 0; row < picture.height; row += 1) {
    const line = picture.data.subarray(row * picture.width * bytes, (row + 1) * picture.width * bytes);
    data.set(line, ((top + row) * width + left) * bytes);
  }
  return { width, height, channels: bytes, data };
}

// Which pixels of a side make up each pixel of the shorter one, and how much of each: OpenCV's INTER_AREA.
function shares(from, to) {
  const scale = from / to;
  const table = [];
  for (let at = 0; at < to; at += 1) {
    const begin = at * scale;
    const end = begin + scale;
    const cell = Math.min(scale, from - begin);
    const last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(begin), last);
    if (first - begin > 1e-3) table.push([at, first - 1, (first - begin) / cell]);
    for (let source = first; source < last; source += 1) table.push([at, source, 1 / cell]);
    if (end - last > 1e-3) table.push([at, last, Math.min(Math.min(end - last, 1), cell) / cell]);
  }
  return table;
}

// A picture shrunk so that each pixel is the mean of those that it stands for.
function averaged(picture, width, height) {
  const whole = picture.width % width === 0 && picture.height % height === 0;
  return whole ? averagedWhole(picture, width, height) : averagedShares(picture, width, height);
}

function averagedWhole(picture, width, height) {
  const [across, down, bytes] = [picture.width / width, picture.height / height, picture.channels];
  const [stride, area] = [picture.width * bytes, across * down];
  const scale = Math.fround(1 / area);
  const data = new Uint8Array(width * height * bytes);
  let to = 0;
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      for (let channel = 0; channel < bytes; channel += 1, to += 1) {
        let sum = 0;
        for (let y = 0; y < down; y += 1) {
          let from = (row * down + y) * stride + column * across * bytes + channel;
          for (let x = 0; x < across; x += 1, from += bytes) sum += picture.data[from];
        }
        data[to] = area === 4 && across === 2 ? (sum + 2) >> 2 : roundHalfEven(Math.fround(sum * scale));
      }
    }
  }
  return { width, height, channels: bytes, data };
}

function averagedShares(picture, width, height) {
  const bytes = picture.channels;
  const [line, stride] = [width * bytes, picture.width * bytes];
  const across = shares(picture.width, width);
  const [targets, sources] = [new Int32Array(across.length), new Int32Array(across.length)];
  const weights = new Float32Array(across.length);
  across.forEach(([to, from, weight], at) => {
    targets[at] = to * bytes;
    sources[at] = from * bytes;
    weights[at] = weight;
  });
  const data = new Uint8Array(line * height);
  const [shrunk, sum] = [new Float32Array(line), new Float32Array(line)];
  const down = shares(picture.height, height);
  let shrunkRow = -1;
  let row = 0;
  const finish = () => {
    for (let at = 0; at < line; at += 1) data[row * line + at] = roundHalfEven(sum[at]);
    sum.fill(0);
  };
  for (const [to, from, share] of down) {
    if (to !== row) {
      finish();
      row = to;
    }
    if (from !== shrunkRow) {
      shrunk.fill(0);
      const start = from * stride;
      for (let at = 0; at < targets.length; at += 1) {
        for (let channel = 0; channel < bytes; channel += 1) {
          shrunk[targets[at] + channel] += picture.data[start + sources[at] + channel] * weights[at];
        }
      }
      shrunkRow = from;
    }
    const weight = Math.fround(share);
    for (let at = 0; at < line; at += 1) sum[at] += shrunk[at] * weight;
  }
  finish();
  return { width, height, channels: bytes, data };
}

const LINEAR = { taps: 2, weights: (part) => [1 - part, part] };
const CUBIC = {
  taps: 4,
  weights: (part) => {
    const sharp = -0.75;
    const [before, after] = [part + 1, 1 - part];
    const first = ((sharp * before - 5 * sharp) * before + 8 * sharp) * before - 4 * sharp;
    const second = ((sharp + 2) * part - (sharp + 3)) * part * part + 1;
    const third = ((sharp + 2) * after - (sharp + 3)) * after * after + 1;
    return [first, second, third, 1 - first - second - third];
  },
};

// Where each pixel of a side is taken from: its pixels, the border's repeated, and their weights of 2048.
function taps(from, to, kind) {
  const scale = from / to;
  const reach = kind.taps / 2 - 1;
  const table = [];
  for (let at = 0; at < to; at += 1) {
    let place = Math.fround((at + 0.5) * scale - 0.5);
    let first = Math.floor(place);
    let part = Math.fround(place - first);
    if (kind === LINEAR && first < 0) [first, part] = [0, 0];
    if (kind === LINEAR && first >= from - 1) [first, part] = [from - 1, 0];
    const weights = kind.weights(part).map((weight) => roundHalfEven(weight * 2048));
    const pixels = weights.map((_, tap) => Math.min(Math.max(first - reach + tap, 0), from - 1));
    table.push([pixels, weights]);
  }
  return table;
}

// A picture whose pixels lie between those given, across and then down, in whole numbers as OpenCV reckons.
function interpolated(picture, width, height, kind) {
  const bytes = picture.channels;
  const line = width * bytes;
  const across = taps(picture.width, width, kind);
  const rows = new Map();
  const rowAcross = (from) => {
    if (rows.has(from)) return rows.get(from);
    if (rows.size > 8) rows.delete(rows.keys().next().value);
    const found = new Int32Array(line);
    const start = from * picture.width * bytes;
    for (let at = 0; at < width; at += 1) {
      const [pixels, weights] = across[at];
      for (let channel = 0; channel < bytes; channel += 1) {
        let sum = 0;
        for (let tap = 0; tap < kind.taps; tap += 1) sum += picture.data[start + pixels[tap] * bytes + channel] * weights[tap];
        found[at * bytes + channel] = sum;
      }
    }
    rows.set(from, found);
    return found;
  };
  const data = new Uint8ClampedArray(line * height);
  taps(picture.height, height, kind).forEach(([pixels, weights], row) => {
    const lines = pixels.map(rowAcross);
    const start = row * line;
    for (let at = 0; at < line; at += 1) {
      if (kind === LINEAR) {
        const parts = (((lines[0][at] >> 4) * weights[0]) >> 16) + (((lines[1][at] >> 4) * weights[1]) >> 16);
        data[start + at] = (parts + 2) >> 2;
        continue;
      }
      let sum = 0;
      for (let tap = 0; tap < kind.taps; tap += 1) sum += lines[tap][at] * weights[tap];
      data[start + at] = roundHalfEven(sum / 4194304);
    }
  });
  return { width, height, channels: bytes, data: new Uint8Array(data.buffer) };
}
