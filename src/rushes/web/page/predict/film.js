// A video: the player, what is when, how sure that is over time, and the table of segments.

import { colourOf } from "../colours.js";
import { focusOn, isLost } from "../focus.js";
import { Button } from "../parts.js";
import { hooks, html } from "../view.js";
import { clock, percent } from "../words.js";
import { segmentAt } from "./formats.js";

const ROWS_AT_ONCE = 200;

export function Player({ item, still, heat, state, looked, deeds, film }) {
  return html`<figure class="stage" aria-busy=${heat?.busy || still?.busy ? "true" : undefined}>
    ${item.shown === false ? html`<${Moment} item=${item} still=${still} deeds=${deeds} />`
      : html`<video key=${item.id} ref=${film} class="picture" src=${item.url} controls=${!heat?.url} playsinline muted preload="auto" aria-label=${item.name}
        onLoadedData=${() => deeds.shown(item.id, true)} onError=${() => deeds.shown(item.id, false)} onTimeUpdate=${deeds.timed} onSeeked=${deeds.timed} onPlay=${deeds.played} onPause=${deeds.played} />`}
    ${heat?.url && html`<img class="picture heat" src=${heat.url} style=${{ opacity: state.opacity }} alt=${`Heat map of ${heat.of ?? looked} at ${clock(item.time)}`} />`}
  </figure>`;
}

// A moment of a video that the browser cannot play, as the server shows it.
function Moment({ item, still, deeds }) {
  if (still?.url) return html`<img class="picture" src=${still.url} alt=${`${item.name} at ${clock(item.time)}, as the server shows it`} />
    <figcaption>This browser cannot play this kind of video. The picture is the server's, of <span class="number">${clock(item.time)}</span>.</figcaption>`;
  const why = still?.busy ? "The server's picture of this moment is on its way." : still?.problem ? `The server gives no picture of it: ${still.problem}`
    : "For a picture the whole video is sent again, so that of a large one none is asked for by itself.";
  return html`<div class="unseeable"><p><b>${item.name}</b></p><p>This browser cannot play this kind of video. ${why}</p>
    ${!still && html`<p><${Button} text=${`Show ${clock(item.time)}`} run=${deeds.moment} /></p>`}</div>`;
}

/* rows: as rowsOf gives them; orders: task -> classes in order; active: the row that the arrows walk. */
export function Timeline({ rows, orders, duration, time, active, looked, playing, film, deeds }) {
  const shown = hooks.useRef(null);
  hooks.useEffect(() => { // the mark follows the film more often than the page is drawn
    let asked = 0;
    const place = () => {
      const at = film.current && playing ? film.current.currentTime : time;
      shown.current?.style.setProperty("--at", String(Math.min(1, at / duration)));
      if (playing) asked = requestAnimationFrame(place);
    };
    place();
    return () => cancelAnimationFrame(asked);
  }, [time, playing, duration]);
  const seek = (event, at) => {
    const box = shown.current.querySelector(".lane").getBoundingClientRect();
    deeds.seek(Math.max(0, Math.min(duration, ((event.clientX - box.left) / box.width) * duration)), at);
  };
  return html`<section class="timeline card" aria-label="Timeline" ref=${shown} style=${{ "--named": rows.length > 1 ? "6.5rem" : "0rem" }}>
    ${rows.map((row, at) => html`<${Lane} key=${row.task} row=${row} order=${orders[row.task]} duration=${duration} named=${rows.length > 1}
      chosen=${segmentAt(row.segments, time)} active=${at === active} press=${(event) => seek(event, at)} />`)}
    <${Curve} row=${rows[active] ?? rows[0]} order=${orders[(rows[active] ?? rows[0]).task]} duration=${duration} looked=${rows.length > 1 ? null : looked} press=${(event) => seek(event, active)} />
    <div class="ruler small soft" aria-hidden="true">${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<span>${clock(share * duration)}</span>`)}</div>
    <i class="playhead" aria-hidden="true" /></section>`;
}

function Lane({ row, order, duration, chosen, active, named, press }) {
  const id = (at) => `segment-${row.task.replace(/\W/g, "-")}-${at}`;
  const drawn = hooks.useMemo(() => row.segments.map((one, at) => html`<span key=${at} id=${id(at)} class=${`segment ${at === chosen ? "chosen" : ""}`}
    role="option" aria-selected=${String(at === chosen)} aria-label=${told(one)} title=${told(one)}
    style=${{ left: `${(100 * one.start) / duration}%`, width: `${(100 * (one.stop - one.start)) / duration}%`, background: colourOf(order, one.best).background }}><span aria-hidden="true">${one.best}</span></span>`),
    [row.segments, duration, chosen, order]);
  return html`<div class=${`row ${active && named ? "active" : ""}`}>${named && html`<span class="task small" title=${row.task}>${row.task}</span>`}
    <div class="lane" role="listbox" tabindex="0" aria-orientation="horizontal" aria-label=${`Segments${row.task ? ` of ${row.task}` : ""}; left and right arrow go from one to the next`}
      aria-activedescendant=${chosen >= 0 ? id(chosen) : undefined} onClick=${press}>${drawn}</div></div>`;
}

export const told = (one) => `${one.best}, ${percent(one.confidence)}, ${one.from} to ${one.to}${one.note ? `, ${one.note}` : ""}`;

// How sure the answer is over time: of each segment's class, or of the one class that was chosen.
function Curve({ row, order, duration, looked, press }) {
  const share = (one) => (looked ? one.scores[looked] ?? 0 : one.confidence);
  return html`<div class="row"><span class="task small soft curve-name" /><div class="curve-box"><p class="small soft">${looked ? `Confidence in ${looked} over time` : "Confidence over time"}</p>
    <svg class="curve" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true" onClick=${press}>
      <path class="half" d="M0 50h1000" />
      ${row.segments.map((one) => {
        const left = (1000 * one.start) / duration, wide = (1000 * (one.stop - one.start)) / duration, top = 100 - 100 * share(one);
        return html`<rect x=${left} y=${top} width=${wide} height=${100 - top} style=${{ fill: colourOf(order, looked ?? one.best).hue }} /><path class="top" d=${`M${left} ${top}h${wide}`} />`;
      })}</svg></div></div>`;
}

function Legend({ rows, orders }) {
  return html`<ul class="legend small" aria-label="Classes in the timeline">${rows.flatMap((row) => orders[row.task]
    .filter((name) => row.segments.some((one) => one.best === name))
    .map((name) => html`<li key=${`${row.task}-${name}`}><i class="swatch" style=${{ background: colourOf(orders[row.task], name).background }} />${name}</li>`))}</ul>`;
}

export function Segments({ rows, orders, active, time, deeds }) {
  const [shown, show] = hooks.useState(ROWS_AT_ONCE);
  const row = rows[active] ?? rows[0], chosen = segmentAt(row.segments, time), rolls = hooks.useRef(null);
  hooks.useEffect(() => { if (shown > ROWS_AT_ONCE && isLost()) focusOn(rolls.current); }, [shown]);
  return html`<section class="segments card" aria-label="Table of segments"><header><h2>${rows.length > 1 ? `Segments of ${row.task}` : "Segments"} <span class="soft">${row.segments.length}</span></h2>
      <${Legend} rows=${[row]} orders=${orders} /></header>
    <div class="rolls" ref=${rolls} tabindex="0" role="region" aria-label="Segments"><table class="table"><thead><tr><th class="number" scope="col">No.</th><th scope="col">Start</th><th scope="col">End</th><th scope="col">Class</th><th class="number" scope="col">Confidence</th><th scope="col"><span class="unseen">Note</span></th></tr></thead>
      <tbody>${row.segments.slice(0, shown).map((one, at) => html`<tr key=${at} aria-current=${at === chosen ? "true" : undefined}>
        <td class="number soft">${at + 1}</td><td><button type="button" class="code" aria-label=${`Go to ${one.from}`} onClick=${() => deeds.segment(at)}>${one.from}</button></td><td class="code">${one.to}</td>
        <td><i class="swatch" style=${{ background: colourOf(orders[row.task], one.best).background }} />${one.best}</td><td class="number">${percent(one.confidence)}</td><td class="soft small">${one.note}</td></tr>`)}</tbody></table></div>
    ${shown < row.segments.length && html`<p class="choice-row more"><${Button} text=${`Show ${Math.min(ROWS_AT_ONCE, row.segments.length - shown)} more of ${row.segments.length}`} run=${() => show(shown + ROWS_AT_ONCE)} /></p>`}
  </section>`;
}

export function Transport({ playing, able, at, count, deeds }) {
  return html`<div class="transport choice-row"><${Button} icon="back" label="Previous segment" keys="ArrowLeft" run=${() => deeds.step(-1)} disabled=${at <= 0} />
    <${Button} icon=${playing ? "pause" : "play"} label=${playing ? "Pause" : "Play"} keys="k" run=${deeds.play} disabled=${!able} />
    <${Button} icon="on" label="Next segment" keys="ArrowRight" run=${() => deeds.step(1)} disabled=${at >= count - 1} />
    <span class="soft small number">Segment ${at + 1} of ${count}</span></div>`;
}

