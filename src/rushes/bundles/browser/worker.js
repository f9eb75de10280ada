// Beside the page: unpacks the model, proves itself on the stored samples, then answers for one picture at a time.

import { calibrate, compare, compareBytes } from "./answers.js";
import { prepare, toWorkingSize, withoutAlpha } from "./pixels.js";

const MOST_PIXELS = 178000000;
const STRIP_ROWS = 1024; // a canvas of a whole photograph is more than some tablets allow
const MOST_THREADS = 4;

let config = null;
let ort = null;
let session = null;

self.onmessage = async ({ data }) => {
  if (data.kind === "start") await start(data);
  else await answer(data);
};

async function start(given) {
  config = given.config;
  try {
    say("Loading the model…");
    const parts = {};
    for (const [name, part] of Object.entries(config.parts)) {
      parts[name] = await unpack(given.texts[name], part.file && new URL(part.file, given.base).href, name);
      await checkDigest(parts[name], part.sha256, name);
    }
    const threads = await open(parts);
    const report = await check(parts.samples);
    self.postMessage({ kind: "ready", report: { ...report, threads } });
  } catch (error) {
    self.postMessage({ kind: "refused", reason: error.message || String(error) });
  }
}

function say(text) {
  self.postMessage({ kind: "progress", text });
}

async function unpack(text, address, name) {
  if (text === undefined) {
    const reply = await fetch(address);
    if (!reply.ok) throw new Error(`${address} is not there (${reply.status}). Copy the whole folder again.`);
    return new Uint8Array(await reply.arrayBuffer());
  }
  const letters = atob(text);
  const packed = new Uint8Array(letters.length);
  for (let at = 0; at < packed.length; at += 1) packed[at] = letters.charCodeAt(at);
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new Error(`The ${name} in this page is damaged (${error.message}). Copy the page again.`);
  }
}

async function checkDigest(bytes, wanted, name) {
  if (!self.crypto?.subtle) return; // on a plain http address other than localhost; the samples are compared all the same
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== wanted) throw new Error(`The ${name} was altered since the export. Copy the folder again, or export it again.`);
}

async function open(parts) {
  const address = URL.createObjectURL(new Blob([parts.loader], { type: "text/javascript" }));
  ort = await import(address);
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, Math.max(1, navigator.hardwareConcurrency >> 1)) : 1;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmBinary = parts.runtime.buffer;
  ort.env.logLevel = "error";
  session = await ort.InferenceSession.create(parts.model, { graphOptimizationLevel: "all" });
  return threads;
}

// Compares what is computed here with what was stored at export, and refuses where that does not agree.
async function check(samples) {
  const { parity, decoding, preprocessing } = config;
  const each = preprocessing.width * preprocessing.height * (preprocessing.color === "gray" ? 1 : 3);
  const found = [];
  const spent = [];
  for (let at = 0; at < parity.probabilities.length; at += 1) {
    say(`Checking ${at + 1} of ${parity.probabilities.length} stored samples…`);
    const begun = performance.now();
    found.push(await run(samples.subarray(at * each, (at + 1) * each)));
    spent.push(performance.now() - begun);
  }
  const plain = compare(parity.probabilities, found, parity.tolerance);
  const answers = parity.probabilities.map((row) => calibrate(row, config.calibration));
  const calibrated = compare(parity.calibrated, answers, parity.calibrated_tolerance);
  if (!plain.holds || !calibrated.holds) {
    const off = Math.max(plain.largest, calibrated.largest).toPrecision(2);
    throw new Error(
      `This browser does not compute what the model was certified to: on ${found.length} stored samples probabilities ` +
        `differ by up to ${off}, and ${plain.disagreements} answers are others. Update the browser, or use another one.`,
    );
  }
  const seen = await checkDecoding(samples, decoding);
  spent.sort((one, other) => one - other);
  return {
    holds: true,
    pictures: found.length,
    largest_difference: plain.largest,
    largest_calibrated_difference: calibrated.largest,
    disagreements: plain.disagreements,
    decoding: seen,
    digests: Boolean(self.crypto?.subtle),
    milliseconds: spent[spent.length >> 1],
  };
}

async function checkDecoding(samples, decoding) {
  const seen = { pictures: decoding.pictures.length, largest_difference: 0, mean_difference: 0 };
  for (const one of decoding.pictures) {
    const file = new Blob([samples.slice(one.at, one.at + one.bytes)], { type: one.type });
    const prepared = prepare(toWorkingSize(await pixelsOf(file), config.working_size), config.preprocessing);
    const apart = compareBytes(samples.subarray(one.prepared_at, one.prepared_at + one.prepared_bytes), prepared.data);
    if (apart.mean > decoding.mean_tolerance || apart.largest > decoding.tolerance) {
      throw new Error(
        `This browser reads the pixels of a picture otherwise than the model was trained on (${one.name}: off by ` +
          `${apart.mean.toFixed(1)} of 255 on average). A setting against fingerprinting may alter them: allow this ` +
          "page to read canvas pixels, or use another browser.",
      );
    }
    seen.largest_difference = Math.max(seen.largest_difference, apart.largest);
    seen.mean_difference = Math.max(seen.mean_difference, apart.mean);
  }
  return seen;
}

async function run(pixels) {
  const { width, height, color } = config.preprocessing;
  const shape = [1, height, width, color === "gray" ? 1 : 3];
  const outputs = await session.run({ pixels: new ort.Tensor("uint8", pixels, shape) }, ["probabilities"]);
  return Array.from(outputs.probabilities.data);
}

async function answer({ id, picture, small }) {
  try {
    const begun = performance.now();
    const pixels = await pixelsOf(picture);
    const prepared = prepare(toWorkingSize(pixels, config.working_size), config.preprocessing);
    const asked = performance.now();
    const probabilities = calibrate(await run(prepared.data), config.calibration);
    const done = performance.now();
    self.postMessage({
      kind: "answer",
      id,
      probabilities,
      width: pixels.width,
      height: pixels.height,
      milliseconds: done - begun,
      model_milliseconds: done - asked,
      thumbnail: small ? await thumbnail(pixels, small) : null,
    });
  } catch (error) {
    self.postMessage({ kind: "failed", id, reason: error.message || String(error) });
  }
}

// The upright RGB pixels of a file or of a camera's frame; what is see-through lies on white.
async function pixelsOf(picture) {
  const bitmap = picture instanceof Blob ? await decode(picture) : picture;
  const { width, height } = bitmap;
  try {
    if (width * height > MOST_PIXELS) throw new Error(`It is ${width} × ${height}, too large to open. Shrink it first.`);
    const rgba = new Uint8ClampedArray(width * height * 4);
    const rows = Math.min(height, STRIP_ROWS);
    const canvas = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = "#fff";
    for (let top = 0; top < height; top += rows) {
      const shown = Math.min(rows, height - top);
      canvas.fillRect(0, 0, width, rows);
      canvas.drawImage(bitmap, 0, top, width, shown, 0, 0, width, shown);
      rgba.set(canvas.getImageData(0, 0, width, shown).data, top * width * 4);
    }
    return withoutAlpha(rgba, width, height);
  } finally {
    bitmap.close();
  }
}

async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error("It is no picture that this browser opens. JPEG, PNG and WebP are; make a JPEG of it.");
  }
}

async function thumbnail(pixels, side) {
  const small = toWorkingSize(pixels, String(side));
  const rgba = new Uint8ClampedArray(small.width * small.height * 4).fill(255);
  for (let from = 0, to = 0; from < small.data.length; from += 3, to += 4) rgba.set(small.data.subarray(from, from + 3), to);
  const canvas = new OffscreenCanvas(small.width, small.height);
  canvas.getContext("2d").putImageData(new ImageData(rgba, small.width, small.height), 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}
