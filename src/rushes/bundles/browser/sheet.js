// Answers as a CSV file, with the columns that `rushes predict` writes.

const PLACE = ["file", "kind", "start", "stop", "start_timecode", "stop_timecode", "predicted_class", "confidence"];

// Items are { name, answer: { predicted, probabilities, above } or null, problem }.
export function csvOf(items, classes) {
  const heads = [...PLACE, ...classes.map((name) => `p:${name}`), "above", "error"];
  return [heads, ...items.map((item) => cellsOf(item, classes))].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function cellsOf({ name, answer, problem }, classes) {
  const nowhere = ["", "", "", ""];
  if (!answer) return [name, "unreadable", ...nowhere, "", "", ...classes.map(() => ""), "", problem];
  const { predicted, probabilities } = answer;
  const confidence = probabilities[predicted];
  return [name, "photo", ...nowhere, classes[predicted], confidence, ...probabilities, (answer.above ?? []).join("/"), ""];
}

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
