// Where files come from: dropped, chosen or pasted; and the list of them.

import { Icon } from "../icons.js";
import { Button } from "../parts.js";
import { html } from "../view.js";
import { bytesOf, percent } from "../words.js";
import { tasksOf } from "./formats.js";
import { answerOf, isRunning, largest } from "./session.js";

export function Invitation({ deeds, limits, bundle }) {
  return html`<div class="invitation"><div class="drop-here"><${Icon} name="drop" /><h2>Drop a picture or a video here</h2>
      <p class="soft">or paste one, or <button type="button" class="as-link" onClick=${deeds.choose}>look for it</button> on this computer</p>
      <${Button} primary icon="add" text="Choose files" keys="o" run=${deeds.choose} />
      <p class="soft small">JPEG, PNG, WebP, HEIC, TIFF, camera raws and videos${limits?.upload_bytes ? `; pictures of up to ${bytesOf(largest(limits, false))}, videos of up to ${bytesOf(largest(limits, true))}` : ""}.
        What you choose is sent to the server of this page, and nowhere else.</p></div>
    ${bundle && html`<p class="soft small about"><b>${bundle.name}</b> answers ${Object.entries(bundle.tasks ?? { [bundle.task]: bundle.classes }).map(([task, classes]) => `${task}: ${classes.join(", ")}`).join("; ")}</p>`}</div>`;
}

export function FileList({ state, bundle, deeds }) {
  return html`<ul class="files" aria-label="Files">${state.items.map((item, at) => {
    const answer = answerOf(state, item), said = shortOf(answer, bundle);
    return html`<li key=${item.id}><button type="button" class="file" aria-current=${at === state.at ? "true" : undefined} aria-label=${`${item.name}, ${said}`} title=${item.name} onClick=${() => deeds.open(at)}>
      <span class="thumb">${item.thumb ? html`<img src=${item.thumb} alt="" />` : html`<${Icon} name=${item.video ? "footage" : "predict"} />`}</span>
      <span class="named">${item.name}</span><span class=${`said small ${answer?.state ?? ""}`}>${isRunning(answer) && html`<i class="turning" />`}${said}</span></button></li>`;
  })}</ul>`;
}

function shortOf(answer, bundle) {
  if (!answer) return "not asked";
  if (answer.state === "failed") return "failed";
  if (answer.state === "cancelled") return "stopped";
  if (answer.state === "running") return answer.total ? percent(answer.done / answer.total) : "looking";
  if (answer.state !== "done") return { sending: "sending", busy: "server busy", queued: "waiting" }[answer.state];
  return tasksOf(answer.result, bundle).map((one) => `${one.best} ${percent(one.confidence)}`).join(", ");
}

// The files of a drop or a paste; folders are no files.
export function filesOf(transfer) {
  const items = [...(transfer?.items ?? [])].filter((one) => one.kind === "file");
  const folders = items.filter((one) => one.webkitGetAsEntry?.()?.isDirectory).length;
  const files = items.filter((one) => !one.webkitGetAsEntry?.()?.isDirectory).map((one) => one.getAsFile()).filter(Boolean);
  return { files, folders };
}
