// Numbers, shares and times in words: one form for all tabs.

const SPACE = "\u00a0"; // between a number and its unit, which stay on one line

// "93 %"; what is not quite nothing or not quite all is not rounded to it. What is not known is nothing to read.
export function percent(share) {
  if (share === null || share === undefined) return "";
  if (share > 0 && share < 0.005) return `<${SPACE}1${SPACE}%`;
  if (share < 1 && share > 0.995) return `>${SPACE}99${SPACE}%`;
  return `${Math.round(share * 100)}${SPACE}%`;
}

export const number = (value) => value.toLocaleString("en"); // 12,345
export const decimal = (value, digits = 3) => (typeof value === "number" ? value.toFixed(digits) : "–"); // 0.742
export const plural = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;

// A place in time: 75.38 is "1:15", with one digit "1:15.3". It is cut off and not rounded, as timecodes are.
export function clock(seconds, digits = 0) {
  const parts = 10 ** digits, whole = Math.floor(Math.max(0, seconds) * parts + 1e-6), two = (value) => String(value).padStart(2, "0");
  const left = Math.floor(whole / parts), hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
  const rest = digits ? `.${String(whole % parts).padStart(digits, "0")}` : "";
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(left % 60)}${rest}`;
}

// How long something took: "48 ms", "2.4 s", "3 min 5 s", "1 h 12 min".
export function timeTaken(milliseconds) {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}${SPACE}ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}${SPACE}s`;
  const seconds = Math.round(milliseconds / 1000), minutes = Math.round(seconds / 60);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${SPACE}min ${seconds % 60}${SPACE}s`;
  return `${Math.floor(minutes / 60)}${SPACE}h ${minutes % 60}${SPACE}min`;
}

export function bytesOf(count) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (let left = count; left >= 1000 && at < units.length - 1; left /= 1000) at += 1;
  const value = count / 1000 ** at;
  return `${at && value < 10 ? value.toFixed(1) : Math.round(value)}${SPACE}${units[at]}`;
}
