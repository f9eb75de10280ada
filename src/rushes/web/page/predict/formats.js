// What an answer is in words, as JSON and as a table.

import { percent } from "../words.js";

/* The questions that an answer answers: [{task, best, confidence, scores, thresholds, above}].
   A bundle of shots answers several; every other one, one. A threshold is of a single frame: the mean over a video is
   never held against it. */
export function tasksOf(result, bundle) {
  const single = result.kind === "photo" || result.kind === "raw";
  const one = (task, told) => ({
    task, best: told.predicted_class, confidence: told.confidence, scores: told.scores ?? {},
    thresholds: single ? told.thresholds ?? bundle?.thresholds ?? null : null, above: told.above ?? null,
  });
  if (result.kind === "shots") return Object.entries(result.tasks ?? {}).map(([task, told]) => one(task, told));
  return [one(result.task ?? bundle?.task ?? "", result)];
}

/* The rows of a timeline: [{task, segments: [{start, stop (seconds), from, to (timecodes), best, confidence, scores, note}]}].
   A shot that was not asked about a task leaves a gap in its row. */
export function rowsOf(result, bundle) {
  const timeline = result.timeline ?? [];
  const place = (one) => ({ start: one.start_seconds, stop: one.stop_seconds, from: one.start_timecode, to: one.stop_timecode });
  if (!timeline.some((one) => one.answers)) {
    const segments = timeline.filter((one) => one.predicted_class)
      .map((one) => ({ ...place(one), best: one.predicted_class, confidence: one.confidence, scores: one.scores ?? {}, note: one.note ?? "" }));
    return segments.length ? [{ task: result.task ?? bundle?.task ?? "", segments }] : [];
  }
  const tasks = [...new Set(timeline.flatMap((one) => Object.keys(one.answers ?? {})))];
  return tasks.map((task) => ({
    task,
    segments: timeline.filter((one) => one.answers?.[task]).map((one) => {
      const told = one.answers[task];
      return { ...place(one), best: told.class, confidence: told.probability, scores: told.scores ?? {}, note: told.reason || one.note || "" };
    }),
  }));
}

// Task -> its classes in order, which decides their colours; what the bundle does not list follows as it was answered.
export function ordersOf(rows, bundle) {
  return Object.fromEntries(rows.map(({ task, segments }) => {
    const listed = bundle?.tasks?.[task] ?? (task === bundle?.task || rows.length === 1 ? bundle?.classes ?? [] : []);
    return [task, [...new Set([...listed, ...segments.flatMap((one) => [...Object.keys(one.scores), one.best])])]];
  }));
}

export const segmentAt = (segments, seconds) => {
  const found = segments.findIndex((one) => one.start <= seconds && seconds < one.stop);
  return found >= 0 ? found : segments.length && seconds >= segments.at(-1).stop ? segments.length - 1 : -1;
};

// Where thresholds are told: which of them are reached, in one sentence; null of a bundle that has none.
export function verdictOf({ best, scores, thresholds, above }) {
  if (!thresholds || !Object.keys(thresholds).length) return null;
  const reached = above ?? Object.keys(scores).filter((name) => name in thresholds && scores[name] >= thresholds[name]);
  if (reached.includes(best)) return { sure: true, text: `reaches its threshold of ${percent(thresholds[best])}` };
  if (reached.length) return { sure: true, text: `threshold reached by ${reached.join(", ")}` };
  if (!(best in thresholds)) return { sure: false, text: "has no threshold of its own" };
  return { sure: false, text: `below its threshold of ${percent(thresholds[best])}: not sure enough` };
}

const cell = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const lines = (rows) => `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

// One line for each answered picture: [{name, result}].
export function picturesCsv(answered) {
  const classes = [...new Set(answered.flatMap(({ result }) => Object.keys(result.scores ?? {})))];
  return lines([
    ["file", "kind", "predicted_class", "confidence", ...classes],
    ...answered.map(({ name, result }) => [name, result.kind, result.predicted_class, result.confidence, ...classes.map((one) => result.scores?.[one])]),
  ]);
}

// One line for each segment of each task.
export function segmentsCsv(name, result, bundle) {
  const rows = rowsOf(result, bundle);
  const classes = [...new Set(rows.flatMap(({ segments }) => segments.flatMap((one) => Object.keys(one.scores))))];
  return lines([
    ["file", "task", "start_timecode", "stop_timecode", "start_seconds", "stop_seconds", "predicted_class", "confidence", ...classes],
    ...rows.flatMap(({ task, segments }) => segments.map((one) => [
      name, task, one.from, one.to, one.start, one.stop, one.best, one.confidence, ...classes.map((each) => one.scores[each])])),
  ]);
}

export const jsonOf = (name, result) => `${JSON.stringify({ file: name, ...result }, null, 2)}\n`;
