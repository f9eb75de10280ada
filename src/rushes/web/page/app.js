// The application: its header with the tabs, which of them the address names, what is read out, and the keys.

import { ask } from "./ask.js";
import { focusOn, isLost } from "./focus.js";
import { Help } from "./help.js";
import { Icon } from "./icons.js";
import { Keys } from "./keys.js";
import { Button, Message } from "./parts.js";
import { h, hooks, html, render } from "./view.js";

const NAMES = { predict: "Predict", review: "Review", footage: "Footage", runs: "Runs" };
const main = document.getElementById("main");
const header = document.getElementById("header");
const SHOWN_FOR = 3000; // ms
const state = { config: null, keys: null, open: null, tab: null, turn: 0, unbind: () => {} };

/* What a tab is given. `go(hash)` opens another address of the page; `say(text)` is read out (urgent: at once), `show(text)` is seen for a moment;
   `keys(tab, acts)` binds keys of keymap.json and returns what unbinds them; all of that a tab has bound ends with it. */
const app = {
  get config() { return state.config; },
  get route() { return routeOf(location.hash); },
  go(hash) { if (location.hash === hash) follow(); else location.hash = hash; },
  say(text, { urgent = false } = {}) {
    const place = document.getElementById(urgent ? "said-now" : "said");
    place.textContent = place.textContent === text ? `${text}\u00a0` : text; // the same words again are read again too
  },
  show,
  keys(tab, acts) {
    const unbind = state.keys.bind(tab, acts), before = state.unbind;
    state.unbind = () => { unbind(); before(); };
    return unbind;
  },
  title: (text) => { document.title = text ? `${text} · rushes` : "rushes"; },
  help: () => showHelp(),
  ask, html, h, render, hooks,
};

// The one place of the page for what is said in passing.
function show(text) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  toast.classList.toggle("there", text !== "");
  clearTimeout(state.shown);
  state.shown = setTimeout(() => toast.classList.remove("there"), SHOWN_FOR);
}

// "#/review/4f0a?order=doubt" is {tab: "review", rest: ["4f0a"], query}; what names no tab is the one to open on.
function routeOf(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [tab, ...rest] = path.split("/").filter(Boolean).map(decoded);
  const known = state.config.tabs.includes(tab);
  return { tab: known ? tab : state.config.opens_on ?? state.config.tabs[0], rest: known ? rest : [], query: new URLSearchParams(query), hash };
}

function decoded(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

async function follow() {
  if (location.hash === "#main") { history.replaceState(null, "", state.open?.hash ?? "#"); main.focus(); return; }
  const route = app.route, turn = ++state.turn;
  if (state.open?.tab === route.tab && state.open.mounted?.follow?.(route)) {
    state.open.hash = route.hash;
    settle(turn);
    return;
  }
  const first = state.open === null;
  close();
  state.open = { tab: route.tab, hash: route.hash };
  drawHeader();
  main.replaceChildren();
  main.dataset.tab = route.tab;
  main.setAttribute("aria-label", NAMES[route.tab] ?? route.tab);
  try {
    const tab = await import(`./${route.tab}/tab.js`);
    await Promise.all((tab.styles ?? []).map(wear));
    if (turn !== state.turn) return;
    const root = main.appendChild(document.createElement("div"));
    root.className = "tab";
    state.open.mounted = tab.mount(root, app);
    app.title(state.open.mounted.title);
    if (!first) settle(turn, { away: header });
  } catch (error) {
    if (turn !== state.turn) return;
    console.error(error);
    main.replaceChildren();
    render(html`<${Message} title=${`${NAMES[route.tab]} cannot be shown`} alert>${String(error.message ?? error)}<//>`, main.appendChild(document.createElement("div")));
  }
}

/* Where another view took the place of what had the focus: focus its heading, or the content until it has one. What the view
   itself gives the focus to, keeps it. away: a part that the focus leaves too. */
function settle(turn, { away = null } = {}) {
  const focused = document.activeElement;
  if (document.querySelector("dialog[open]") || !(isLost() || focused === main || away?.contains(focused))) return;
  if (focusOn(main.querySelector("h1"))) return;
  focusOn(main);
  const watch = new MutationObserver(() => {
    const heading = main.querySelector("h1");
    if (!heading && turn === state.turn && document.activeElement === main) return;
    watch.disconnect();
    if (heading && turn === state.turn && document.activeElement === main) focusOn(heading);
  });
  watch.observe(main, { childList: true, subtree: true });
}

function close() {
  state.unbind();
  state.unbind = () => {};
  show("");
  try {
    state.open?.mounted?.unmount();
  } finally {
    for (const link of document.querySelectorAll("link[data-tab]")) link.disabled = true;
  }
}

// Put a tab's own style sheet on, once it is there; it is taken off when the tab is left.
function wear(path) {
  const there = document.querySelector(`link[data-tab="${path}"]`);
  if (there) { there.disabled = false; return Promise.resolve(); }
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `page/${path}`, onload: resolve });
    link.onerror = () => { link.remove(); reject(new Error(`its style sheet ${path} is not there`)); };
    link.dataset.tab = path;
    document.head.append(link);
  });
}

function Header({ config, tab }) {
  return html`<p class="name"><${Icon} name="footage" /><b>rushes</b>${config.project && html`<span class="soft">${config.project}</span>`}</p>
    <nav class="tabs" aria-label="Parts of the application">${config.tabs.map((one) => html`
      <a key=${one} href=${`#/${one}`} aria-current=${one === tab ? "page" : undefined}><${Icon} name=${one} /><span>${NAMES[one] ?? one}</span></a>`)}</nav>
    <div class="right">${config.person && html`<span class="soft person" title="Reviews are kept under this name">${config.person}</span>`}
      <${Button} icon="help" label="Keys" keys="?" run=${showHelp} /></div>`;
}

const drawHeader = () => render(html`<${Header} config=${state.config} tab=${state.open?.tab} />`, header);

function showHelp() {
  if (document.querySelector("dialog[open]")) return;
  const place = document.body.appendChild(document.createElement("div"));
  const away = () => { render(null, place); place.remove(); };
  render(html`<${Help} keys=${state.keys} tab=${state.open.tab} name=${NAMES[state.open.tab]} close=${away} />`, place);
}

function turnTab(key) {
  const tabs = state.config.tabs, at = tabs.indexOf(state.open.tab);
  const next = tabs[(at + (key === "<" ? -1 : 1) + tabs.length) % tabs.length];
  if (next !== state.open.tab) { app.go(`#/${next}`); app.say(NAMES[next]); }
}

async function open() {
  // The token has done its part: the browser has a cookie, and keeps no address with a token in it.
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  try {
    const [config, map] = await Promise.all([ask("app.json"), ask("page/keymap.json")]);
    Object.assign(state, { config: config.reply, keys: new Keys(map.reply) });
  } catch (error) {
    render(html`<div class="opening"><${Message} title="The application cannot be opened" alert>${error.message}<//></div>`, main);
    document.documentElement.dataset.ready = "";
    return;
  }
  state.keys.bind("app", { help: showHelp, tab: turnTab });
  document.addEventListener("keydown", (event) => state.keys.press(event));
  addEventListener("hashchange", follow);
  await follow();
  document.documentElement.dataset.ready = "";
}

open();
