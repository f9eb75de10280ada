// What probabilities become: calibrated as the bundle says, held against thresholds, and compared with those expected.

const FLOOR = 1e-12;

// The calibrated probabilities of one picture, as rushes.learning.calibration makes them.
export function calibrate(probabilities, calibration) {
  const given = Array.from(probabilities);
  if (calibration.kind === "temperature") return keepAnswer(given, softened(given, 1 / calibration.temperature));
  if (calibration.kind === "isotonic") {
    const second = between(given[1], calibration.scores, calibration.shares);
    return keepAnswer(given, [1 - second, second]);
  }
  return given.map(Math.fround);
}

function softened(probabilities, beta) {
  const logits = probabilities.map((value) => Math.log(Math.max(value, FLOOR)));
  const largest = Math.max(...logits);
  const raised = logits.map((value) => Math.exp((value - largest) * beta));
  const sum = raised.reduce((total, value) => total + value, 0);
  return raised.map((value) => value / sum);
}

// A point of the line through given points, level outside them.
function between(at, places, values) {
  if (at <= places[0]) return values[0];
  const next = places.findIndex((place) => place >= at);
  if (next < 0) return values[values.length - 1];
  const part = (at - places[next - 1]) / (places[next] - places[next - 1]);
  return values[next - 1] + part * (values[next] - values[next - 1]);
}

// Single precision, the class that was first still first where rounding made equals.
function keepAnswer(before, after) {
  const rounded = after.map(Math.fround);
  const answer = best(before);
  if (best(rounded) !== answer) rounded[answer] = nextAbove(Math.max(...rounded));
  return rounded;
}

function nextAbove(value) {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  bits.setUint32(0, bits.getUint32(0) + 1);
  return bits.getFloat32(0);
}

// Which value is the largest; the first of equals.
export function best(values) {
  let found = 0;
  for (let at = 1; at < values.length; at += 1) if (values[at] > values[found]) found = at;
  return found;
}

// The classes whose threshold is reached; null of a bundle without thresholds.
export function above(probabilities, classes, thresholds) {
  if (thresholds === null) return null;
  return classes.filter((name, at) => name in thresholds && probabilities[at] >= thresholds[name]);
}

// How near answers are to those expected: rows of probabilities, as rushes.bundles.parity compares them.
export function compare(expected, found, tolerance) {
  let largest = 0;
  let disagreements = 0;
  expected.forEach((row, at) => {
    row.forEach((value, place) => {
      const apart = Math.abs(value - found[at][place]);
      largest = Math.max(largest, Number.isFinite(apart) ? apart : Infinity);
    });
    if (!(Math.max(...row) - row[best(found[at])] <= 2 * tolerance)) disagreements += 1;
  });
  return { largest, disagreements, holds: largest <= tolerance && disagreements === 0 };
}

// The largest difference of any byte, and their mean.
export function compareBytes(expected, found) {
  if (expected.length !== found.length) return { largest: 255, mean: 255 };
  let largest = 0;
  let sum = 0;
  for (let at = 0; at < expected.length; at += 1) {
    const apart = Math.abs(expected[at] - found[at]);
    largest = Math.max(largest, apart);
    sum += apart;
  }
  return { largest, mean: sum / expected.length };
}
