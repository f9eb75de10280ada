// What is known of one sample: the person's decision, the model's answer, what was measured, who said what, the camera.

import { html } from "../view.js";
import { percent } from "../words.js";
import { Answer, Disc, Mark } from "./marks.js";
import { disagrees } from "./order.js";
import { ago, COLOURS, exposure, moment, score } from "./words.js";

const DUPLICATE = "duplicate";

export function Panel({ item, state, details, deeds }) {
  if (!item) return null;
  const known = { ...item, ...(details ?? {}) };
  return html`<h2 class="name">${item.name}</h2>
    ${state.meant.length > 1 && html`<p class="soft small">A key decides on all ${state.meant.length} that are selected.</p>`}
    <${Decision} item=${item} state=${state} deeds=${deeds} />
    ${item.verdict ? html`<${Proposal} item=${known} state=${state} deeds=${deeds} />` : item.answer !== null && html`<${Model} item=${known} details=${details} state=${state} deeds=${deeds} />`}
    <${Measured} item=${known} details=${details} state=${state} />
    <${History} history=${details?.history} state=${state} />
    ${item.series && html`<section><h3>${capital(item.series.kind)}</h3><p>Rank ${item.series.rank ?? "not known"} of ${item.series.size} by score. ${item.series.why ?? ""}</p></section>`}
    <${Facts} item=${known} />`;
}

function Decision({ item, state, deeds }) {
  const { classes } = state;
  const own = item.own ? item.decision : null;
  const elsewhere = item.decision !== null && !item.own;
  if (!classes.culling) {
    return html`<section class="yours"><h3>Decision</h3>
      <div class="rows">${classes.all.map((one) => html`<button key=${one.name} type="button" class="row" aria-pressed=${String(own === one.name)} aria-keyshortcuts=${one.key?.toUpperCase()}
        onClick=${() => deeds.decide(one.name)}><${Disc} of=${one} /><span>${one.name}</span></button>`)}</div>
      ${elsewhere && html`<p class="soft small">A label from ${item.origin ?? "elsewhere"} says ${item.decision}. It stands until a person decides.</p>`}
      ${item.error !== null && item.decision !== null && html`<p class="soft small">Suspicion that this label is wrong: ${percent(item.error)}</p>`}</section>`;
  }
  const choice = (value, key, label, sign) => html`<button type="button" class="choice" aria-pressed=${String(own === value)} aria-keyshortcuts=${key} onClick=${() => deeds.decide(value)}>
    <${Mark} name=${sign} /><span>${label}</span><kbd>${key}</kbd></button>`;
  return html`<section class="yours"><h3>Your decision</h3>
    <div class="choices">${choice(classes.pick, "P", "Pick", "pick")}${choice(null, "U", "Unset", "unset")}${choice(classes.reject, "X", "Reject", "reject")}</div>
    ${elsewhere && html`<p class="soft small">A label from elsewhere says ${classes.word(item.decision)}. It stands until you decide; ${classes.word(item.decision) === "pick" ? "P" : "X"} makes it yours.</p>`}
    <div class="rates"><span>${[1, 2, 3, 4, 5].map((rating) => html`<button type="button" class=${item.rating >= rating ? "star on" : "star"} aria-label=${`${rating} of 5 stars`}
      aria-pressed=${String(item.rating === rating)} onClick=${() => deeds.rate(rating === item.rating ? 0 : rating)}>★</button>`)}</span>
    <span>${COLOURS.map((color) => html`<button type="button" class=${`dot ${color}`} aria-label=${`label ${color}`}
      aria-pressed=${String(item.color === color)} onClick=${() => deeds.color(color)}><span class=${`swatch ${color}`} /></button>`)}</span></div></section>`;
}

// What the model says of every class, the likeliest first.
function Model({ item, details, state, deeds }) {
  const { classes } = state;
  const all = Object.entries(item.probabilities ?? (item.confidence === null ? {} : { [item.answer]: item.confidence })).sort((a, b) => b[1] - a[1]);
  return html`<section class="model"><h3>The model's answer</h3>
    <p class="line"><${Answer} item=${item} classes=${classes} />${disagrees(item) && html`<span class="against">${item.own ? `${item.by && item.by !== state.person ? item.by : "you"} said ${item.decision}` : `a label says ${item.decision}`}</span>`}</p>
    <dl class="shares">${all.map(([name, value]) => html`<div key=${name} class=${name === item.decision ? "standing" : ""}><dt><${Disc} of=${classes.of(name)} />${name}</dt>
      <dd><i style=${`width: ${100 * value}%`} /><span>${percent(value)}</span></dd></div>`)}</dl>
    ${item.margin !== null && html`<p class="soft small">${percent(item.margin)} ahead of the second.</p>`}
    ${item.trained_on && html`<p class="soft small">The model learned from this label, or from its group: that it agrees says little.</p>`}
    ${state.model?.note && html`<p class="soft small">${capital(state.model.note)}.</p>`}<${HeatLink} item=${item} state=${state} deeds=${deeds} /></section>`;
}

function Proposal({ item, state, deeds }) {
  const better = item.better ? state.byId.get(item.better) : null;
  return html`<section><h3>The cull's proposal</h3>
    <p class="line"><${Answer} item=${item} classes=${state.classes} /><span>${item.verdict === "pick" ? "Keep" : "Leave out"}</span>
      ${disagrees(item) && html`<span class="against">${item.own ? `you ${state.classes.word(item.decision)}ed it` : `a label says ${state.classes.word(item.decision)}`}</span>`}</p>
    ${item.why && html`<p class="soft">${item.why}</p>`}
    ${item.score !== null && html`<${Scale} value=${item.score} threshold=${state.cull?.threshold} />`}
    ${better ? html`<button type="button" class="link" onClick=${() => deeds.goTo(better.id)}>Shows the same as ${better.name}, which has the higher score</button>`
    : (item.reasons ?? []).filter((reason) => reason.measure === DUPLICATE).map((reason) => html`<p class="soft">${reason.words}</p>`)}
    <${HeatLink} item=${item} state=${state} deeds=${deeds} /></section>`;
}

const HeatLink = ({ item, state, deeds }) => (item.heat ? html`<button type="button" class="link" aria-pressed=${String(state.heat)} onClick=${deeds.heat}>
  ${state.heat ? "Hide what the model looked at (H)" : "Show what the model looked at (H)"}</button>` : null);

function Scale({ value, threshold = null }) {
  const kept = threshold === null ? "" : `, picked from ${score(threshold)}`;
  return html`<div><div class="scale-bar" role="img" aria-label=${`score ${score(value)}${kept}`}><i style=${`width: ${value * 100}%`} />${threshold !== null && html`<b style=${`left: ${threshold * 100}%`} />`}</div>
    <p class="soft small">The model's score, ${score(value)}${threshold !== null && `; the cull keeps from ${score(threshold)}`}</p></div>`;
}

function Measured({ item, details, state }) {
  const reasons = (item.reasons ?? []).filter((reason) => reason.measure !== DUPLICATE);
  if (!reasons.length) return details === null && item.verdict ? html`<section class="waits"><h3>Measured</h3><p class="soft">…</p></section>` : null;
  return html`<section><h3>Measured</h3><ul class="reasons">${reasons.map((reason) => html`<li class=${reason.speaks}>
      <span class="sign" role="img" aria-label=${`speaks ${reason.speaks}`}>${reason.speaks === "for" ? "+" : "−"}</span><span>${reason.words}</span></li>`)}</ul>
    <p class="soft small">${state.cull?.takes_measures
    ? "Measured on the pixels and the camera's notes. The model was given these measures too, so that its score does not stand apart from them."
    : "Measured on the pixels and the camera's notes. They are facts beside the score, not what the model said."}</p></section>`;
}

// Who said what, and when: the latest first. What was taken back says so.
function History({ history, state }) {
  if (!history?.length) return null;
  return html`<section class="history"><h3>Labels so far</h3><ol>${history.map(({ decision, by, origin, at, previous }) => html`<li>
    ${decision === null ? html`<span class="soft">taken back</span>` : html`<span class="word"><${Disc} of=${state.classes.of(decision)} /><span>${decision}</span></span>`}
    <span class="who">${by ?? origin}${previous ? html`<span class="soft"> · was ${previous}</span>` : ""}</span><time class="soft" datetime=${at} title=${moment(at)}>${ago(at)}</time></li>`)}</ol></section>`;
}

function Facts({ item }) {
  const rows = [];
  if (item.group) rows.push(["Group", item.group]);
  if (item.captured_at) rows.push(["Captured", moment(item.captured_at)]);
  rows.push(...exposure(item.camera));
  if (item.width && item.height) rows.push(["Size", `${item.width} × ${item.height}`]);
  rows.push(["File", item.path ?? item.name]);
  if (item.companions?.length) rows.push(["With it", item.companions.join(", ")]);
  return html`<section class="facts"><h3>Sample</h3><dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);
