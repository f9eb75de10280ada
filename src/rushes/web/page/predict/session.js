// What is on the tab: the files, the answers to them, and what of them is looked at. Pure; the deeds are in work.js.

const PICTURES = new RegExp(`\\.(${[
  "jpe?g|jpe|jfif|png|webp|tiff?|bmp|gif|hei[cf]|hif|avif|p[pgn]m|jp2|tga",
  "nef|nrw|cr[23w]|arw|srf|sr2|dng|raf|orf|rw2|raw|pef|srw|x3f|3fr|fff|iiq|mef|mos|mrw|erf|kdc|dcr|rwl|gpr",
].join("|")})$`, "i");

// A video is sent as a job, since it may take minutes; what neither its name nor its first bytes call a picture is sent so too.
export const isVideo = (file) => (file.type.startsWith("video/") ? true : !file.type.startsWith("image/") && !PICTURES.test(file.name));

export const begin = (config) => ({ items: [], at: 0, bundle: config.bundles[0]?.name ?? null, sampling: "", looked: null, row: 0, heat: false, moment: null, opacity: 0.6 });

let made = 0;
export function itemOf(file, video) {
  made += 1;
  return { id: made, file, name: file.name || "pasted picture", video, url: URL.createObjectURL(file), thumb: null, shown: null, time: 0, answers: {} };
}

// How many bytes a file of its kind may have; null where the server tells no limit.
export const largest = (limits, video) => (video ? limits?.upload_bytes : limits?.picture_bytes ?? limits?.upload_bytes) ?? null;

export const current = (state) => state.items[state.at] ?? null;

// What an answer depends on, beside the file: a video's sampling, and the bundle.
export const keyOf = (state, item) => (item.video ? `${state.bundle}\n${state.sampling}` : String(state.bundle));
export const answerOf = (state, item = current(state)) => (item ? item.answers[keyOf(state, item)] ?? null : null);

const RUNNING = new Set(["sending", "busy", "queued", "running"]);
export const isRunning = (answer) => answer !== null && RUNNING.has(answer.state);
export const isOpen = (answer) => answer === null || answer.state === "cancelled" || answer.state === "failed";

export const withItems = (state, items) => ({ ...state, items: [...state.items, ...items], at: state.items.length });

export function without(state, id) {
  const gone = state.items.findIndex((one) => one.id === id);
  const items = state.items.filter((one) => one.id !== id);
  const at = gone < state.at ? state.at - 1 : state.at;
  return { ...state, items, at: Math.max(0, Math.min(at, items.length - 1)) };
}

export const changed = (state, id, change) => ({ ...state, items: state.items.map((one) => (one.id === id ? { ...one, ...change } : one)) });

export const answered = (state, id, key, change) => ({
  ...state,
  items: state.items.map((one) => (one.id === id ? { ...one, answers: { ...one.answers, [key]: { ...one.answers[key], ...change } } } : one)),
});
