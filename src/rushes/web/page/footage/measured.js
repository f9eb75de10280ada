// What was counted and measured of a film, as small charts, and how all of it was found.

import { Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { colourOf } from "../colours.js";
import { clock, decimal, percent, plural } from "../words.js";
import { steady } from "./structure.js";
import { classesOf, Sign } from "./words.js";

const WIDE = 600, HIGH = 90; // of a chart, in its own units

export const Measured = steady(({ film, model, does }) => {
  const { facts } = model;
  return html`<div class="measured">
    <${Lengths} film=${film} facts=${facts} does=${does} />
    ${facts.scales.length > 0 && html`<${Shares} film=${film} title="Shot scales" task="scale" shares=${facts.scales} by=${facts.scale_by} />`}
    ${facts.movements.length > 0 && html`<${Shares} film=${film} title="Movement" task="movement" shares=${facts.movements} />`}
    ${facts.rhythm.length > 1 && html`<${Rhythm} facts=${facts} does=${does} />`}
    ${facts.tones.length > 1 && html`<${Tones} facts=${facts} does=${does} />`}
    ${facts.palette.length > 0 && html`<${Palette} film=${film} model=${model} does=${does} />`}
    ${facts.area && html`<${Area} film=${film} area=${facts.area} />`}
    <${Found} model=${model} />
  </div>`;
});

const seconds = (value) => `${decimal(value, 1)} s`;

function Lengths({ film, facts, does }) {
  const count = film.shots ?? facts.shot_count, blank = count - facts.shot_count; // facts leave blank shots out
  const cuts = Object.entries(facts.cuts).filter(([, count]) => count);
  return html`<section class="card" aria-labelledby="lengths"><h2 id="lengths">Lengths of shots</h2><dl>
    <div><dt>Average</dt><dd class="number big">${seconds(facts.average_shot_seconds)}</dd></div>
    <div><dt>Median</dt><dd class="number">${seconds(facts.median_shot_seconds)}</dd></div>
    <div><dt>Range</dt><dd class="number">${seconds(facts.shortest_shot_seconds)} – ${seconds(facts.longest_shot_seconds)}</dd></div>
    <div><dt>Shots</dt><dd class="number">${plural(count, "shot")}${blank > 0 && `, ${blank === 1 ? "one" : blank} of them blank,`} in ${clock(facts.duration_seconds)}</dd></div>
    ${cuts.length > 0 && html`<div><dt>Cuts</dt><dd class="number">${cuts.map(([kind, count]) => `${count} ${kind}`).join(", ")}</dd></div>`}
    ${facts.long_takes.length > 0 && html`<div><dt>Long takes</dt><dd>${facts.long_takes.slice(0, 12).map((shot) => html`<button key=${shot} type="button" class="chip" onClick=${() => does.choose(shot, { play: true })}>shot ${shot}</button>`)}${facts.long_takes.length > 12 && html`<span class="soft">and ${facts.long_takes.length - 12} more</span>`}<span class="soft small number">from ${seconds(facts.long_take_seconds)}</span></dd></div>`}
  </dl></section>`;
}

function Shares({ film, title, task, shares, by }) {
  const all = shares.reduce((sum, one) => sum + one.shots, 0) || 1, most = Math.max(...shares.map((one) => one.shots), 1), classes = classesOf(film, task);
  return html`<section class="card" aria-label=${title}><h2>${title}</h2><dl class="shares">${shares.map((one) => html`<div key=${one.class_name}>
    <dt><${Sign} task=${task} name=${one.class_name} />${one.class_name}</dt>
    <dd><span class="bar"><i style=${{ width: `${(100 * one.shots) / most}%`, background: colourOf(classes, one.class_name).background }} /></span><span class="number small">${percent(one.shots / all)} <span class="soft">${one.shots}</span></span></dd></div>`)}</dl>
    ${by && html`<p class="soft small">said by ${by}</p>`}</section>`;
}

// A line over the time of the film; a press on it goes there.
function Curve({ title, about, total, points, most, unit, band = null, does }) {
  const x = (time) => ((WIDE * time) / total).toFixed(1), y = (value) => (HIGH - (HIGH * value) / most).toFixed(1);
  const line = (values) => values.map(([time, value]) => `${x(time)},${y(value)}`).join(" ");
  const go = (event) => { const box = event.currentTarget.getBoundingClientRect(); does.seek((total * (event.clientX - box.left)) / box.width, { lands: true }); };
  return html`<section class="card chart" aria-label=${title}><h2>${title}</h2>
    <svg viewBox=${`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label=${about} onClick=${go}>
      ${band && html`<polygon class="band" points=${`${line(band.map(([time, low]) => [time, low]))} ${line(band.map(([time, , high]) => [time, high]).reverse())}`} />`}
      <polyline class="curve" points=${line(points)} /></svg>
    <p class="axis-words soft small number"><span>0:00</span><span>${unit}</span><span>${clock(total)}</span></p></section>`;
}

function Rhythm({ facts, does }) {
  const points = facts.rhythm.map((one) => [one.seconds, one.shot_seconds]), values = points.map(([, value]) => value), most = Math.max(...values);
  const fast = points.reduce((best, one) => (one[1] < best[1] ? one : best));
  return html`<${Curve} title="Rhythm" total=${facts.duration_seconds} points=${points} most=${most * 1.1} does=${does} unit=${`shots of ${seconds(Math.min(...values))} to ${seconds(most)}`}
    about=${`How long shots are over time: from ${seconds(Math.min(...values))} to ${seconds(most)}, shortest around ${clock(fast[0])}`} />`;
}

function Tones({ facts, does }) {
  const points = facts.tones.map((one) => [one.seconds, one.brightness]), of = (value) => percent(value / 255);
  const mean = points.reduce((sum, [, value]) => sum + value, 0) / points.length;
  const within = (value) => Math.min(255, Math.max(0, value));
  return html`<${Curve} title="Brightness and contrast" total=${facts.duration_seconds} points=${points} most=${255} does=${does} unit=${`mean ${of(mean)} of white; the band is the contrast`}
    band=${facts.tones.map((one) => [one.seconds, within(one.brightness - one.contrast), within(one.brightness + one.contrast)])}
    about=${`Brightness over time: ${of(Math.min(...points.map(([, value]) => value)))} to ${of(Math.max(...points.map(([, value]) => value)))} of white, mean ${of(mean)}`} />`;
}

// The colours of each shot as stripes in its time: the film at a glance.
function Palette({ film, model, does }) {
  const canvas = hooks.useRef(null), total = film.duration_seconds || 1;
  hooks.useLayoutEffect(() => {
    const sheet = canvas.current, pen = sheet.getContext("2d"), { width, height } = sheet;
    pen.clearRect(0, 0, width, height);
    for (const shot of model.shots) {
      const left = (width * shot.start_seconds) / total, wide = Math.max(1, (width * (shot.stop_seconds - shot.start_seconds)) / total);
      let top = 0;
      for (const { colour, share } of shot.palette) {
        pen.fillStyle = colour;
        pen.fillRect(left, top, wide, height * share + 1);
        top += height * share;
      }
    }
  }, [model]);
  const go = (event) => { const box = event.currentTarget.getBoundingClientRect(); does.seek((total * (event.clientX - box.left)) / box.width, { lands: true }); };
  return html`<section class="card colours" aria-label="Colours"><h2>Colours</h2>
    <canvas ref=${canvas} width="1200" height="90" role="img" aria-label="The colours of each shot, over time" onClick=${go}></canvas>
    <ul class="swatches">${model.facts.palette.map((one) => html`<li key=${one.colour} style=${{ flexGrow: one.share }}><i style=${{ background: one.colour }} /><span class="small soft number">${one.colour} ${percent(one.share)}</span></li>`)}</ul></section>`;
}

function Area({ film, area }) {
  const shown = area.name || `${decimal(area.aspect, 2)}:1`;
  const bars = area.left > 0 || area.top > 0 || area.right < film.width_pixels || area.bottom < film.height_pixels;
  return html`<section class="card" aria-label="Format"><h2>Format</h2><dl>
    <div><dt>Picture</dt><dd class="big">${shown}</dd></div>
    <div><dt>Measured</dt><dd class="number">${decimal(area.aspect, 3)} : 1</dd></div>
    <div><dt>Within</dt><dd class="number">${area.right - area.left} × ${area.bottom - area.top} of ${film.width_pixels} × ${film.height_pixels} pixels</dd></div>
    <div><dt>Bars</dt><dd>${bars ? "black bars are taken away" : "none"}${area.varies && "; the format changes in the film, and this is the commonest"}</dd></div></dl></section>`;
}

function Found({ model }) {
  const { table } = model, rows = [
    ["Scenes by", table.looks_by === "scan" ? "what the scan noted" : table.looks_by],
    ["Close-ups by", table.closeness_by ?? "nobody: dialogues are judged by how set-ups alternate"],
    ["Faces by", table.faces_by ?? "not looked for"],
    ["Objects by", table.subjects_by ?? "not looked for"],
    ["Subtitles", table.subtitles ? `${table.subtitles.name}, which lies beside the film` : "none lie beside the film"],
  ];
  return html`<section class="card" aria-label="How it was found"><h2>How it was found</h2>
    <dl>${rows.map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>
    ${model.notes.length > 0 && html`<ul class="notes">${model.notes.map((text) => html`<li key=${text}><${Message} kind="note">${text}<//></li>`)}</ul>`}</section>`;
}
