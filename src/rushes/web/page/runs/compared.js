// Two runs beside each other, metric by metric.

import { Icon } from "../icons.js";
import { Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { decimal, timeTaken } from "../words.js";
import { Bar, hashOf, pathOf, said, when } from "./scores.js";

const WORDS = ["f1_macro", "balanced_accuracy", "accuracy"];

export function Compared({ app, names }) {
  const [runs, setRuns] = hooks.useState(null);
  const [problem, setProblem] = hooks.useState(null);
  hooks.useEffect(() => { Promise.all(names.map((name) => app.ask(pathOf(name)))).then((found) => setRuns(found.map((one) => one.reply)), setProblem); }, []);
  hooks.useEffect(() => app.keys("runs", { back: () => app.go("#/runs") }), []);
  if (problem) return html`<div class="opening"><${Message} title="The runs cannot be shown" alert>${problem.message}<//><p><a href="#/runs">All runs</a></p></div>`;
  if (!runs) return html`<p class="opening soft">Reading the runs …</p>`;
  const same = runs[0].digests.samples && runs[0].digests.samples === runs[1].digests.samples;
  const found = runs.map((run) => run.validation?.metrics ?? {});
  const classes = runs[0].classes.filter((name) => runs[1].classes.includes(name));
  const words = [...WORDS, ...classes.flatMap((name) => [`recall/${name}`, `precision/${name}`])].filter((word) => found.some((one) => one[word]));
  const differ = differing(runs[0].recipe, runs[1].recipe);
  return html`<div class="runs"><header class="runs-head"><a class="button plain square" href="#/runs" aria-label="All runs" title="All runs (Esc)"><${Icon} name="back" /></a><div class="about"><h1>Two runs on validation</h1>
      <p class="soft small">Whether a difference is more than chance, sample by sample: <code>rushes runs compare ${names.join(" ")}</code></p></div></header>
    ${!same && html`<${Message} title="These scores cannot be compared">They were taken on other samples or labels. The command above holds the two against each other on what they share.<//>`}
    <div class="card scrolls" tabindex="0" role="group" aria-label="Scores"><table class="table"><thead><tr><th scope="col">Metric</th>${runs.map((run) => html`<th key=${run.run} scope="col" colspan="2"><a href=${hashOf(run.run)}>${run.run}</a><span class="soft">${[run.recipe.name, when(run.created_at)].filter(Boolean).join(" · ")}</span></th>`)}<th scope="col" class="number" title="The second less the first">Difference</th></tr></thead>
      <tbody>${words.map((word) => html`<tr key=${word}><th scope="row">${word}</th>${found.map((one, at) => html`<td key=${`b${at}`}><${Bar} score=${one[word]} /></td><td key=${at} class="number">${said(one[word])}</td>`)}
        <td class="number">${same && found.every((one) => typeof one[word]?.value === "number") ? signed(found[1][word].value - found[0][word].value) : "–"}</td></tr>`)}
        <tr><th scope="row">took</th>${runs.map((run) => html`<td key=${`b${run.run}`}></td><td key=${run.run} class="number">${timeTaken(1000 * run.elapsed_seconds)}</td>`)}<td></td></tr></tbody></table></div>
    <section class="card"><h2>Where the recipes differ</h2>${differ.length ? html`<div class="scrolls" tabindex="0" role="group" aria-label="Recipes"><table class="table"><thead><tr><th scope="col">Key</th>${runs.map((run) => html`<th key=${run.run} scope="col">${run.run}</th>`)}</tr></thead><tbody>${differ.map(([key, one, other]) => html`<tr key=${key}><th scope="row">${key}</th><td>${one}</td><td>${other}</td></tr>`)}</tbody></table></div>` : html`<p class="soft">They do not, but for their names.</p>`}</section>
  </div>`;
}

const signed = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${decimal(Math.abs(value))}`;

function flat(table, before = "") {
  return Object.entries(table).flatMap(([key, value]) => (value && typeof value === "object" && !Array.isArray(value) ? flat(value, `${before}${key}.`) : [[`${before}${key}`, JSON.stringify(value)]]));
}

function differing(one, other) {
  const [first, second] = [new Map(flat(one)), new Map(flat(other))];
  return [...new Set([...first.keys(), ...second.keys()])].filter((key) => key !== "name" && first.get(key) !== second.get(key)).map((key) => [key, first.get(key) ?? "–", second.get(key) ?? "–"]);
}
