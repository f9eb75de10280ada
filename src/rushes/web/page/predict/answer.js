// The answer: the class and how sure it is, a bar for each class with its threshold, and how far an answer is.

import { Icon } from "../icons.js";
import { Button, Message, Progress } from "../parts.js";
import { colourOf } from "../colours.js";
import { html } from "../view.js";
import { percent, plural, timeTaken } from "../words.js";
import { tasksOf, verdictOf } from "./formats.js";

const KINDS = { photo: "photograph", raw: "camera raw", video: "video", shots: "shots of a video" };

export function Answer({ item, answer, bundle, looked, deeds }) {
  if (!answer || answer.state === "cancelled") {
    return html`<div class="card answer"><p>${answer ? "Stopped." : "Not predicted yet."}</p>
      <p class="choice-row"><${Button} icon="again" text="Predict" keys="r" run=${deeds.again} /></p></div>`;
  }
  if (answer.state === "failed") {
    return html`<div class="answer"><${Message} title=${`${item.name} was not predicted`}>${answer.problem}<//>
      <p class="choice-row"><${Button} icon="again" text="Try again" keys="r" run=${deeds.again} /></p></div>`;
  }
  if (answer.state !== "done") return html`<${Underway} answer=${answer} deeds=${deeds} />`;
  return html`<${Result} answer=${answer} bundle=${bundle} looked=${looked} deeds=${deeds} />`;
}

function stepOf(answer) {
  if (answer.state === "sending") return answer.sent >= 1 ? { text: "Looking" } : { text: `Sending${answer.sent ? `, ${percent(answer.sent)}` : ""}`, done: answer.sent || null, total: answer.sent ? 1 : null };
  if (answer.state === "busy") return { text: `The server is busy. Trying again in ${timeTaken(answer.wait.seconds * 1000)} (${answer.wait.tries + 1} of ${answer.wait.of})` };
  if (answer.state === "running") {
    const of = answer.total ? `${answer.done} of ${answer.total}` : answer.done ? `${answer.done} so far` : "";
    return { text: [answer.note || "Looking", of].filter(Boolean).join(": "), done: answer.done, total: answer.total };
  }
  return { text: "Waiting for its turn" };
}

function Underway({ answer, deeds }) {
  const { text, done = null, total = null } = stepOf(answer);
  return html`<div class="card answer underway"><p class="step">${text}</p><${Progress} label=${text} done=${done} total=${total} />
    ${answer.state === "busy" && html`<p class="soft small">${answer.wait.detail}</p>`}
    <p class="choice-row"><${Button} icon="close" text="Stop" keys="Escape" run=${deeds.cancel} /></p></div>`;
}

function Result({ answer, bundle, looked, deeds }) {
  const { result } = answer, tasks = tasksOf(result, bundle), model = result.bundle ?? bundle;
  return html`<div class="card answer">
    ${tasks.length === 0 && html`<p>No shot of it was answered.</p>`}
    ${tasks.map((task, at) => html`<section key=${task.task}>${tasks.length > 1 && html`<h3 class="heading">${task.task}</h3>`}
      <${Verdict} task=${task} main=${tasks.length === 1} />
      <${Bars} task=${task} classes=${bundle?.tasks?.[task.task] ?? bundle?.classes} looked=${at === 0 ? looked : null} deeds=${deeds} swatches=${Boolean(result.timeline)} choosable=${result.kind !== "shots"} /></section>`)}
    <p class="facts soft small">${KINDS[result.kind] ?? result.kind}, answered in <span class="number">${timeTaken(answer.milliseconds)}</span>${
      model && html` by ${model.name} <code title="Its identity">${String(model.id ?? "").slice(0, 12)}</code>`}</p>
    ${counted(result) && html`<p class="facts soft small">${counted(result)}</p>`}
    ${(result.warnings ?? []).map((one) => html`<${Message} kind="note">${one}<//>`)}
  </div>`;
}

function counted(result) {
  if (result.sampled_frames === undefined) return "";
  const above = Object.entries(result.frames_above ?? {}).map(([name, count]) => `${name} in ${count} of them`).join(", ");
  return [`${plural(result.sampled_frames, "frame")} looked at`, result.lost_frames && `${result.lost_frames} could not be decoded`, above && `thresholds reached: ${above}`]
    .filter(Boolean).join("; ");
}

function Verdict({ task, main }) {
  const verdict = verdictOf(task);
  return html`<p class=${`verdict ${main ? "large" : ""}`}><strong>${task.best}</strong><span class="number">${percent(task.confidence)}</span></p>
    ${verdict && html`<p class=${`threshold ${verdict.sure ? "sure" : "unsure"}`}><${Icon} name=${verdict.sure ? "review" : "help"} />${verdict.text}</p>`}`;
}

// One bar for each class, the surest first. Choosing one shows its heat, and its curve over a video.
function Bars({ task, classes, looked, deeds, swatches, choosable }) {
  const order = classes?.length && task.best && classes.includes(task.best) ? classes : Object.keys(task.scores);
  const rows = Object.entries(task.scores).sort((one, other) => other[1] - one[1] || order.indexOf(one[0]) - order.indexOf(other[0]));
  // By place, not keyed by class: elements that Preact moves while their class changes kept Chromium 156's old style.
  return html`<fieldset class="bars"><legend class="unseen">${choosable ? "Class that is looked at" : `Classes of ${task.task}`}</legend>
    ${rows.map(([name, share]) => {
      const mark = task.thresholds?.[name] ?? null;
      const told = `${name}, ${percent(share)}${mark === null ? "" : `, ${share >= mark ? "reaches" : "below"} its threshold of ${percent(mark)}`}`;
      return html`<label class=${`bar ${name === task.best ? "best" : ""} ${choosable && name === looked ? "looked" : ""}`}>
        ${choosable ? html`<input class="unseen" type="radio" name="looked" aria-label=${told} checked=${name === looked} onChange=${() => deeds.look(name)} />` : html`<span class="unseen">${told}</span>`}
        <span class="class" aria-hidden="true">${swatches && html`<i class="swatch" style=${{ background: colourOf(order, name).background }} />`}${name}</span>
        <span class="track" aria-hidden="true"><i style=${{ width: `${100 * share}%` }} />${mark !== null && html`<b style=${{ left: `${100 * mark}%` }} title=${`Threshold ${percent(mark)}`} />`}</span>
        <span class="number" aria-hidden="true">${percent(share)}</span></label>`;
    })}</fieldset>`;
}
