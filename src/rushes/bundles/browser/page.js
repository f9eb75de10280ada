// The page: takes pictures in, shows what the worker answers, and lets nothing be asked before the check has held.

import { above, best } from "./answers.js";
import { csvOf } from "./sheet.js";

const MOST_BARS = 12;
const THUMBNAIL = 112;
const at = (id) => document.getElementById(id);
const config = JSON.parse(at("config").textContent);
// A class may be named as what every object has.
if (config.thresholds) config.thresholds = Object.assign(Object.create(null), config.thresholds);
const items = [];
let chosen = null;
let shownAddress = "";
let asked = null; // what the worker is at: an item, or the camera's frame
let ready = false;
let worker = null;

begin();

function begin() {
  showHeads();
  if (location.protocol === "file:" && Object.values(config.parts).some((part) => part.file)) {
    refuse("This model is too large for one file, so that its folder needs a web server: see README.md beside this page.");
    return;
  }
  const code = new Blob([at("worker").textContent], { type: "text/javascript" });
  worker = new Worker(URL.createObjectURL(code));
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = (event) => refuse(`This browser cannot run the model (${event.message || "its worker does not start"}). Update it.`);
  const texts = {};
  for (const name of Object.keys(config.parts)) {
    const part = at(`part-${name}`);
    if (part) texts[name] = part.textContent;
    part?.remove(); // megabytes that would be held twice
  }
  worker.postMessage({ kind: "start", config, texts, base: document.baseURI });
}

function hear(message) {
  if (message.kind === "progress") showStatus("waiting", message.text);
  if (message.kind === "refused") refuse(message.reason);
  if (message.kind === "ready") open(message.report);
  if (message.kind === "answer" || message.kind === "failed") settle(message);
}

function open(report) {
  ready = true;
  const difference = report.largest_difference.toExponential(0).replace("e+0", "");
  showStatus("ready", `Checked here: ${report.pictures} stored samples, largest difference ${difference}`);
  showAbout(report);
  tell({ ...report, browser: navigator.userAgent });
  pump();
}

function refuse(reason) {
  ready = false;
  showStatus("refused", reason);
  for (const id of ["choose", "camera-start"]) at(id).disabled = true;
  stopCamera();
  tell({ holds: false, reason, browser: navigator.userAgent });
}

// What `rushes export` and `rushes doctor` listen for when they open this page.
function tell(report) {
  if (location.hash === "#check") console.info(`rushes-check ${JSON.stringify(report)}`);
}

function showStatus(state, text) {
  at("status").className = `status ${state}`;
  if (at("status-text").textContent !== text) at("status-text").textContent = text;
}

function showAbout(report) {
  const { decoding } = report;
  const facts = {
    Model: `${config.bundle.name}, ${config.bundle.id.slice(0, 12)}`,
    Task: config.bundle.task,
    Classes: config.classes.join(", "),
    Input: `${config.preprocessing.width} × ${config.preprocessing.height} pixels (${config.preprocessing.fit})`,
    Calibration: { none: "none", temperature: "one temperature", isotonic: "an isotonic curve" }[config.calibration.kind],
    "Stored samples": `${report.pictures}; probabilities differ by ${report.largest_difference.toExponential(1)} at most`,
    "Reading pictures": `${decoding.pictures} known pictures; pixels differ by ${decoding.largest_difference} of 255 at most`,
    Digests: report.digests ? "checked" : "not checked: this address is not a secure one",
    Speed: `${Math.round(report.milliseconds)} ms a picture in the model, ${report.threads === 1 ? "one thread" : `${report.threads} threads`}`,
  };
  at("about").replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => [made("dt", "", name), made("dd", "", value)]),
  );
}

// Taking pictures in.

at("choose").onclick = () => at("files").click();
at("files").onchange = () => {
  take([...at("files").files]);
  at("files").value = "";
};
let inside = 0;
addEventListener("dragenter", (event) => {
  event.preventDefault();
  inside += 1;
  at("over").hidden = !event.dataTransfer.types.includes("Files");
});
addEventListener("dragleave", () => {
  inside -= 1;
  if (inside <= 0) at("over").hidden = true;
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  inside = 0;
  at("over").hidden = true;
  take([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => take([...event.clipboardData.files]));

function take(files) {
  if (!files.length || at("status").classList.contains("refused")) return;
  const first = items.length;
  for (const file of files) items.push({ name: file.name || "pasted picture", file, state: "waiting", answer: null, problem: "" });
  items.slice(first).forEach(addRow);
  at("list").hidden = false;
  choose(items[first]);
  showCount();
  pump();
}

function pump() {
  if (!ready || asked) return;
  const item = items.find((one) => one.state === "waiting");
  if (item) {
    item.state = "asked";
    ask(item, item.file, THUMBNAIL);
  } else if (camera.stream) {
    askCamera();
  }
}

function ask(what, picture, small) {
  asked = what;
  worker.postMessage({ kind: "ask", picture, small }, picture instanceof ImageBitmap ? [picture] : []);
}

function settle(message) {
  const what = asked;
  asked = null;
  if (what === camera) {
    if (message.kind === "answer") showCamera(answerOf(message));
  } else if (items.includes(what)) {
    what.state = "done";
    if (message.kind === "answer") what.answer = answerOf(message);
    else what.problem = message.reason;
    if (message.thumbnail) what.thumbnail = URL.createObjectURL(message.thumbnail);
    showRow(what);
    showCount();
    if (what === chosen) showChosen();
    else if (items.every((item) => item.state === "done")) at("say").textContent = at("list-count").textContent;
  }
  pump();
}

function answerOf(message) {
  const { probabilities } = message;
  return { ...message, predicted: best(probabilities), above: above(probabilities, config.classes, config.thresholds) };
}

// The list.

function showHeads() {
  const heads = ["Picture", "Answer", "Probability", ...(config.thresholds ? ["Above its threshold"] : [])];
  at("heads").replaceChildren(...heads.map((text, place) => {
    const head = made("th", place > 2 ? "lesser" : "", text);
    head.scope = "col";
    return head;
  }));
}

function addRow(item) {
  const pick = made("button", "pick");
  pick.type = "button";
  pick.append(made("span", "blank"), made("span", "label", item.name));
  pick.onclick = () => choose(item);
  item.row = made("tr");
  const first = made("td");
  first.append(pick);
  item.row.append(first, ...Array.from({ length: config.thresholds ? 3 : 2 }, (_, place) => made("td", place > 1 ? "lesser" : "")));
  item.row.children[1].textContent = "waiting";
  at("rows").append(item.row);
}

function showRow(item) {
  const cells = item.row.children;
  if (item.thumbnail) {
    const picture = made("img");
    picture.alt = "";
    picture.src = item.thumbnail;
    item.row.querySelector(".blank").replaceWith(picture);
  }
  if (item.problem) {
    cells[1].className = "wrong";
    cells[1].textContent = item.problem;
    cells[1].colSpan = 2;
    cells[2].remove();
    return;
  }
  cells[1].textContent = config.classes[item.answer.predicted];
  cells[2].className = "number";
  cells[2].textContent = percent(item.answer.probabilities[item.answer.predicted]);
  if (cells[3]) cells[3].textContent = item.answer.above.join(", ") || "none";
}

function showCount() {
  const done = items.filter((item) => item.state === "done").length;
  const wrong = items.filter((item) => item.problem).length;
  const words = done < items.length ? `${done} of ${items.length} done` : `${items.length} done`;
  at("list-count").textContent = wrong ? `${words}, ${wrong} not readable` : words;
  at("save").disabled = done < items.length || !items.length;
}

at("rows").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = step && items[items.indexOf(chosen) + step];
  if (!next) return;
  event.preventDefault();
  choose(next);
  next.row.querySelector("button").focus();
});

at("save").onclick = () => {
  const link = made("a");
  link.href = URL.createObjectURL(new Blob([csvOf(items, config.classes)], { type: "text/csv" }));
  link.download = `${config.bundle.name}-answers.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

at("clear").onclick = () => {
  for (const item of items) if (item.thumbnail) URL.revokeObjectURL(item.thumbnail);
  items.length = 0;
  chosen = null;
  at("rows").replaceChildren();
  at("list").hidden = true;
  at("result").hidden = true;
  at("choose").focus();
};

// One picture.

function choose(item) {
  chosen?.row.removeAttribute("aria-current");
  chosen = item;
  item.row.setAttribute("aria-current", "true");
  URL.revokeObjectURL(shownAddress);
  shownAddress = URL.createObjectURL(item.file);
  at("result").hidden = false;
  at("result-name").textContent = item.name;
  at("result-picture").src = shownAddress;
  at("result-picture").alt = item.name;
  showChosen();
}

function showChosen() {
  const { answer, problem } = chosen;
  at("result-picture").hidden = Boolean(problem);
  if (!answer) {
    at("result-answer").textContent = problem ? "No answer" : "…";
    at("result-verdict").textContent = problem || (ready ? "" : "The answer comes once the model has been checked.");
    at("result-bars").replaceChildren();
    at("result-facts").textContent = "";
    return;
  }
  showAnswer("result", answer);
  at("result-facts").textContent = `${answer.width} × ${answer.height} pixels, ${Math.round(answer.milliseconds)} ms`;
  at("say").textContent = `${chosen.name}: ${at("result-answer").textContent}. ${at("result-verdict").textContent}`;
}

function showAnswer(where, answer) {
  const share = answer.probabilities[answer.predicted];
  at(`${where}-answer`).replaceChildren(config.classes[answer.predicted], " ", made("span", "share", percent(share)));
  at(`${where}-verdict`).textContent = verdictOf(answer);
  showBars(at(`${where}-bars`), answer);
}

function verdictOf(answer) {
  if (!answer.above) return "";
  const name = config.classes[answer.predicted];
  if (answer.above.length) return `Above its threshold: ${answer.above.join(", ")}.`;
  const threshold = config.thresholds[name];
  return `No class reaches its threshold${threshold === undefined ? "" : ` (${name} counts from ${percent(threshold)})`}.`;
}

function showBars(list, answer) {
  const order = config.classes.map((_, place) => place);
  // Of a camera the lines stay where they are, as far as all can be shown: what changes places each moment is not read.
  if (list.id !== "camera-bars" || order.length > MOST_BARS) {
    order.sort((one, other) => answer.probabilities[other] - answer.probabilities[one] || one - other);
  }
  const shown = order.slice(0, MOST_BARS);
  while (list.children.length > shown.length || list.querySelector(".rest")) list.lastChild.remove();
  shown.forEach((place, row) => {
    if (row === list.children.length) list.append(emptyBar());
    showBar(list.children[row], place, answer);
  });
  const rest = order.length - shown.length;
  if (rest) list.append(made("li", "rest quiet", `and ${rest} more`));
}

function emptyBar() {
  const line = made("li");
  const track = made("span", "track");
  track.append(made("div", "fill"));
  line.append(made("span", "class"), made("span", "share"), track);
  return line;
}

function showBar(line, place, answer) {
  const name = config.classes[place];
  const threshold = config.thresholds?.[name];
  line.className = place === answer.predicted ? "top" : "";
  line.querySelector(".class").textContent = name;
  line.querySelector(".share").textContent = percent(answer.probabilities[place]);
  line.querySelector(".fill").style.width = `${100 * answer.probabilities[place]}%`;
  line.querySelector(".mark")?.remove();
  if (threshold === undefined) return;
  const mark = made("span", "mark");
  mark.style.left = `calc(${100 * threshold}% - 1px)`;
  mark.title = `counts from ${percent(threshold)}`;
  line.querySelector(".track").append(mark);
}

// The camera.

const camera = { stream: null, times: [], device: 0, said: "", since: 0 };

at("camera-start").onclick = () => startCamera();
at("camera-stop").onclick = () => {
  stopCamera();
  at("camera-start").focus();
};
at("camera-turn").onclick = async () => {
  camera.device += 1;
  const devices = await cameras();
  stopCamera();
  await startCamera(devices[camera.device % devices.length].deviceId);
};
at("camera-keep").onclick = () => {
  const canvas = made("canvas");
  [canvas.width, canvas.height] = [at("video").videoWidth, at("video").videoHeight];
  canvas.getContext("2d").drawImage(at("video"), 0, 0);
  canvas.toBlob((blob) => {
    const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
    take([new File([blob], `camera ${time}.png`, { type: "image/png" })]);
  }, "image/png");
};

async function cameras() {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
}

async function startCamera(device) {
  if (!navigator.mediaDevices) {
    sayProblem("Browsers give a camera to pages on https and localhost, and to files on this machine, alone.");
    return;
  }
  const wanted = device ? { deviceId: { exact: device } } : { facingMode: "environment" };
  try {
    camera.stream = await navigator.mediaDevices.getUserMedia({ video: { ...wanted, width: { ideal: 1280 } } });
  } catch (error) {
    sayProblem(`The camera cannot be used (${error.message}).`);
    return;
  }
  at("video").srcObject = camera.stream;
  await at("video").play();
  at("camera").hidden = false;
  at("camera-start").disabled = true;
  at("camera-turn").hidden = (await cameras()).length < 2;
  at("camera-stop").focus();
  pump();
}

function sayProblem(text) {
  at("say").textContent = text;
  at("take").querySelector(".quiet").textContent = text;
}

function stopCamera() {
  camera.stream?.getTracks().forEach((track) => track.stop());
  camera.stream = null;
  camera.times = [];
  at("video").srcObject = null;
  at("camera").hidden = true;
  if (ready) at("camera-start").disabled = false;
}

async function askCamera() {
  asked = camera;
  try {
    ask(camera, await createImageBitmap(at("video")), 0);
  } catch {
    asked = null;
    setTimeout(pump, 100); // no frame has come yet
  }
}

function showCamera(answer) {
  if (!camera.stream) return;
  const now = performance.now();
  camera.times = [...camera.times.filter((time) => now - time < 2000), now];
  showAnswer("camera", answer);
  const span = now - camera.times[0];
  const rate = span > 0 ? ((camera.times.length - 1) * 1000) / span : 0;
  at("camera-rate").textContent = `${rate.toFixed(1)} frames a second, ${Math.round(answer.milliseconds)} ms each`;
  const name = config.classes[answer.predicted];
  if (name !== camera.said && now - camera.since > 2000) {
    [camera.said, camera.since] = [name, now];
    at("say").textContent = `Camera: ${name}`;
  }
}

function percent(share) {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

function made(tag, classes = "", text = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  return element;
}
