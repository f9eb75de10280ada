// One run: its scores beside the baselines, by class, what decided it, and its report.

import { Icon } from "../icons.js";
import { Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { decimal, number, plural, timeTaken } from "../words.js";
import { Bar, hashOf, pathOf, said, when } from "./scores.js";

const OVERALL = ["f1_macro", "balanced_accuracy", "accuracy", "roc_auc_macro", "average_precision_macro", "brier", "log_loss", "ece"];
const OF_CLASS = ["precision", "recall", "f1", "average_precision"];

export function Run({ app, name, kept }) {
  const [run, setRun] = hooks.useState(null);
  const [problem, setProblem] = hooks.useState(null);
  hooks.useEffect(() => { kept.at = name; app.ask(pathOf(name)).then(({ reply }) => setRun(reply), setProblem); }, []);
  const doing = hooks.useRef(null);
  doing.current = {
    report: () => run?.has_report && window.open(pathOf(name, "report"), "_blank", "noopener"),
    beside: (key) => {
      const names = (kept.list?.boards ?? []).flatMap((board) => board.runs.map((one) => one.run)), at = names.indexOf(name) + (key === "ArrowLeft" ? -1 : 1);
      if (names[at] !== undefined) app.go(hashOf(names[at]));
    },
    back: () => app.go("#/runs"),
  };
  hooks.useEffect(() => app.keys("runs", Object.fromEntries(Object.keys(doing.current).map((act) => [act, (...told) => doing.current[act](...told)]))), []);

  if (problem) return html`<div class="opening"><${Message} title="The run cannot be shown" alert>${problem.message}<//><p><a href="#/runs">All runs</a></p></div>`;
  if (!run) return html`<p class="opening soft">Reading the run …</p>`;
  return html`<div class="runs one-run">
    <header class="runs-head"><a class="button plain square" href="#/runs" aria-label="All runs" title="All runs (Esc)"><${Icon} name="back" /></a>
      <div class="about"><h1>${run.recipe.name ?? name}</h1><p class="soft small number">${[name, run.task, run.model, `${run.split.kind} split`, when(run.created_at), timeTaken(1000 * run.elapsed_seconds), plural(run.parameters, "parameter")].join(" · ")}</p></div>
      ${run.has_report && html`<a class="button" href=${pathOf(name, "report")} target="_blank" rel="noopener" aria-keyshortcuts="r">Report on its own page</a>`}</header>
    ${run.problem && html`<${Message} title="It cannot be judged on validation">${run.problem}<//>`}
    ${run.warnings.map((text) => html`<${Message} key=${text} kind="note">${text}<//>`)}
    <div class="two">
      <${Scores} title="On validation" judged=${run.validation} />
      ${run.metrics ? html`<${Scores} title="On test" judged=${run.metrics.test} />` : html`<section class="card"><h2>On test</h2><p class="soft">It was not evaluated yet. <code>rushes evaluate ${name}</code> asks the test part, once the choice is made.</p></section>`}
    </div>
    <details class="card"><summary>Recipe, as it was resolved</summary><pre tabindex="0" aria-label="Recipe">${JSON.stringify(run.recipe, null, 2)}</pre></details>
    ${run.history.length > 1 && html`<${History} history=${run.history} said=${run.epochs_said} />`}
    ${run.has_report ? html`<section aria-label="Report"><h2 class="heading">Report</h2><iframe class="report" sandbox="allow-scripts" src=${pathOf(name, "report")} title=${`Report of ${name}`} /></section>`
      : html`<section class="card"><h2>Report</h2><p class="soft">None yet. Make it: <code>rushes evaluate ${name}</code></p></section>`}
  </div>`;
}

function Scores({ title, judged }) {
  if (!judged?.metrics) return html`<section class="card"><h2>${title}</h2><p class="soft">Nothing to judge by.</p></section>`;
  const overall = OVERALL.filter((word) => typeof judged.metrics[word]?.value === "number");
  const classes = Object.entries(judged.counts ?? {});
  return html`<section class="card"><h2>${title} <span class="soft number">${judged.samples ? plural(judged.samples, "sample") : ""}</span></h2>
    <div class="scrolls" tabindex="0" role="group" aria-label=${`Scores ${title}`}><table class="table"><thead><tr><th scope="col">Metric</th><td></td><th scope="col" class="number">Score</th><th scope="col" class="number">Majority</th></tr></thead>
      <tbody>${overall.map((word) => html`<tr key=${word}><th scope="row">${word}</th><td>${["brier", "log_loss", "ece"].includes(word) ? "" : html`<${Bar} score=${judged.metrics[word]} />`}</td>
        <td class="number">${said(judged.metrics[word])}</td><td class="number soft">${decimal(judged.metrics[word].majority)}</td></tr>`)}</tbody></table>
    <table class="table"><thead><tr><th scope="col">Class</th><th scope="col" class="number">Labelled</th>${OF_CLASS.map((word) => html`<th key=${word} scope="col" class="number">${word.replace("_", " ")}</th>`)}</tr></thead>
      <tbody>${classes.map(([name, counts]) => html`<tr key=${name}><th scope="row">${name}</th><td class="number">${number(counts.labelled)}</td>
        ${OF_CLASS.map((word) => html`<td key=${word} class="number">${decimal(judged.metrics[`${word}/${name}`]?.value)}</td>`)}</tr>`)}</tbody></table></div>
    ${(judged.notes ?? []).map((note) => html`<p key=${note} class="soft small">${note}</p>`)}</section>`;
}

function History({ history, said: epochs }) {
  const columns = [...new Set(history.flatMap((one) => Object.keys(one)))].filter((name) => history.some((one) => ["number", "string"].includes(typeof one[name])));
  return html`<details class="card"><summary>What was tried: ${plural(history.length, "row")} <span class="soft">(epochs: ${epochs})</span></summary>
    <div class="scrolls" tabindex="0" role="group" aria-label="History"><table class="table"><thead><tr>${columns.map((name) => html`<th key=${name} scope="col">${name.replaceAll("_", " ")}</th>`)}</tr></thead>
      <tbody>${history.map((one, at) => html`<tr key=${at}>${columns.map((name) => html`<td key=${name} class="number">${typeof one[name] === "number" && !Number.isInteger(one[name]) ? decimal(one[name], 4) : one[name]}</td>`)}</tr>`)}</tbody></table></div></details>`;
}
