// The leaderboard: a table for each set of runs that can be compared, which any column orders.

import { Button, Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { decimal, plural, timeTaken } from "../words.js";
import { Bar, hashOf, said, when } from "./scores.js";

const COLUMNS = [
  { name: "run", text: "Run", of: (run) => run.run },
  { name: "validation", text: "Macro-F1 on validation", of: (run) => run.validation?.f1_macro.value, number: true },
  { name: "test", text: "On test", of: (run) => run.test?.f1_macro?.value, number: true },
  { name: "blind", text: "Blind", of: (run) => run.blind_f1_macro, number: true },
  { name: "model", text: "Model", of: (run) => run.model },
  { name: "time", text: "Took", of: (run) => run.elapsed_seconds, number: true },
  { name: "created", text: "Made", of: (run) => run.created_at },
];

const FOLDED = new Set(["blind", "model", "time", "created"]); // where it is narrow, they stand below the name of the run

export function Board({ app, kept }) {
  const [list, setList] = hooks.useState(kept.list);
  const [problem, setProblem] = hooks.useState(null);
  const [order, setOrder] = hooks.useState({ by: kept.by, falls: kept.falls });
  const [marked, setMarked] = hooks.useState(kept.marked);
  const root = hooks.useRef(null);

  hooks.useEffect(() => {
    app.ask("runs").then(({ reply }) => { kept.list = reply; setList(reply); }, setProblem);
  }, []);
  hooks.useEffect(() => { Object.assign(kept, order, { marked }); }, [order, marked]);
  hooks.useEffect(() => {
    if (list && kept.at) { linkOf(root.current, kept.at)?.focus(); kept.at = null; }
  }, [list]);

  const orderBy = (by) => setOrder((before) => {
    const falls = before.by === by ? !before.falls : Boolean(COLUMNS.find((one) => one.name === by).number || by === "created");
    app.say(`ordered by ${COLUMNS.find((one) => one.name === by).text}, ${falls ? "the highest first" : "the lowest first"}`);
    return { by, falls };
  });
  const mark = (name) => setMarked((before) => {
    const next = before.includes(name) ? before.filter((one) => one !== name) : [...before, name].slice(-2);
    app.say(next.includes(name) ? `${name} is marked${next.length === 2 ? ", C compares the two" : ""}` : `${name} is no longer marked`);
    return next;
  });
  const links = () => [...root.current.querySelectorAll(".run-link")];
  const here = () => document.activeElement?.closest("tr")?.querySelector(".run-link");
  const acts = {
    move: (key) => {
      const all = links(), at = all.indexOf(here());
      if (all.length) all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + (key === "ArrowUp" ? -1 : 1)))].focus();
    },
    open: () => (here() ?? links()[0])?.click(),
    mark: () => here() && mark(here().dataset.run),
    compare: () => (marked.length === 2 ? compare() : app.say("Mark two runs first, with X")),
    order: (key) => {
      const at = COLUMNS.findIndex((one) => one.name === order.by), by = key === "o" ? 1 : -1;
      orderBy(COLUMNS[(at + by + COLUMNS.length) % COLUMNS.length].name);
    },
    turn: () => orderBy(order.by),
  };
  const compare = () => app.go(`#/runs?compare=${marked.map(encodeURIComponent).join(",")}`);
  const doing = hooks.useRef(acts);
  doing.current = acts;
  hooks.useEffect(() => app.keys("runs", Object.fromEntries(Object.keys(acts).map((act) => [act, (...told) => doing.current[act](...told)]))), []);

  if (problem) return html`<div class="opening"><${Message} title="The runs cannot be shown" alert>${problem.message}<//></div>`;
  if (!list) return html`<p class="opening soft">Reading the runs …</p>`;
  const none = !list.boards.length;
  return html`<div class="runs" ref=${root}>
    <header class="runs-head"><h1>Runs</h1><p class="soft small">The best macro-F1 on validation first: choose by it, and look at test last. The band is the 95% interval over groups, the dashed line the majority class.</p>
      ${!none && html`<label class="order-by"><span class="soft small">Order by</span><select value=${order.by} onChange=${(event) => orderBy(event.target.value)}>${COLUMNS.map((one) => html`<option key=${one.name} value=${one.name}>${one.text}</option>`)}</select></label>`}
      ${!none && html`<${Button} text=${marked.length === 2 ? "Compare the two" : `Compare (${marked.length} of 2 marked)`} keys="c" disabled=${marked.length !== 2} run=${compare} />`}</header>
    ${none && html`<div class="opening"><${Message} kind="note" title="No runs yet">Train one: <code>rushes train recipes/features.toml</code><//></div>`}
    ${list.unreadable.map((one) => html`<${Message} key=${one.run} title=${`${one.run} cannot be read`}>${one.reason}<//>`)}
    ${list.boards.map((board) => html`<${Table} key=${board.board} board=${board} order=${order} orderBy=${orderBy} marked=${marked} mark=${mark} kept=${kept} />`)}
  </div>`;
}

const linkOf = (root, name) => [...(root?.querySelectorAll(".run-link") ?? [])].find((one) => one.dataset.run === name);

function Table({ board, order, orderBy, marked, mark, kept }) {
  const column = COLUMNS.find((one) => one.name === order.by);
  const runs = [...board.runs].sort((one, other) => compared(column.of(one), column.of(other), order.falls));
  return html`<section class="board" aria-label=${board.title}><h2 class="heading">${board.title}</h2>
    <div class="scrolls" tabindex="0" role="group" aria-label=${`Table of ${board.task}`}><table class="table"><thead><tr><th scope="col"><span class="unseen">Marked</span></th>
      ${COLUMNS.map((one) => html`<th key=${one.name} scope="col" class=${FOLDED.has(one.name) ? "folds" : ""} aria-sort=${one.name === order.by ? (order.falls ? "descending" : "ascending") : undefined}>
        <button type="button" class="order" onClick=${() => orderBy(one.name)}>${one.text}<span aria-hidden="true">${one.name === order.by ? (order.falls ? " ↓" : " ↑") : ""}</span></button></th>`)}
    </tr></thead><tbody>${runs.map((run) => html`<tr key=${run.run}>
      <td><label class="mark"><input type="checkbox" checked=${marked.includes(run.run)} onChange=${() => mark(run.run)} /><span class="unseen">Mark ${run.run}</span></label></td>
      <th scope="row"><a class="run-link" data-run=${run.run} href=${hashOf(run.run)} onClick=${() => { kept.at = run.run; }}>${run.recipe || run.run}</a>
        <span class="soft small">${run.run}</span>
        <span class="soft small folded">${[run.model, timeTaken(1000 * run.elapsed_seconds), when(run.created_at), typeof run.blind_f1_macro === "number" && `blind ${decimal(run.blind_f1_macro)}`].filter(Boolean).join(" · ")}</span>
        ${run.problem && html`<span class="small wrong">cannot be judged: ${run.problem}</span>`}
        ${run.never_predicted.length > 0 && html`<span class="small wrong">never answered ${run.never_predicted.join(", ")}</span>`}
        ${run.warnings > 0 && html`<span class="small soft">${plural(run.warnings, "warning")}</span>`}</th>
      <td><span class="scored"><${Bar} score=${run.validation?.f1_macro} /><span class="number">${said(run.validation?.f1_macro)}</span></span></td>
      <td class="number">${said(run.test?.f1_macro)}${run.test_letter && html` <span class="soft" title="Tests with another letter were of other samples or labels">${run.test_letter}</span>`}</td>
      <td class="number soft folds">${decimal(run.blind_f1_macro)}</td>
      <td class="folds">${run.model}</td><td class="number folds">${timeTaken(1000 * run.elapsed_seconds)}</td><td class="number folds">${when(run.created_at)}</td></tr>`)}
    </tbody></table></div></section>`;
}

// What is not known comes last, whichever way the order goes.
function compared(one, other, falls) {
  const known = (value) => value !== null && value !== undefined && value !== "";
  if (!known(one) || !known(other)) return known(other) - known(one);
  const order = typeof one === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
  return falls ? -order : order;
}
