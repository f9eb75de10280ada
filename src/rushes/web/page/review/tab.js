// The Review tab: a list of what may be reviewed, or one review.

import { Button } from "../parts.js";
import { createRef, html, render } from "../view.js";
import { plural } from "../words.js";
import { Classes } from "./classes.js";
import { Desk } from "./desk.js";
import { actsOf } from "./keys.js";
import { Words } from "./notices.js";
import { keptPerson } from "./person.js";
import { Answered, Server } from "./server.js";

export const styles = ["review/review.css"];

export function mount(root, app) {
  const { reviews = [] } = app.config;
  const slug = app.route.rest[0] ?? (reviews.length === 1 ? reviews[0].slug : null);
  root.classList.add("review-tab");
  if (slug === null) return chooseOne(root, reviews);
  const leaving = new AbortController();
  open(root, app, slug, leaving.signal);
  return {
    title: titleOf(reviews.find((one) => one.slug === slug)),
    unmount() {
      leaving.abort();
      delete window.rushesReview;
    },
  };
}

async function open(root, app, slug, signal) {
  // What the tests and the benchmark of this page ask.
  const probe = window.rushesReview = { ready: false, times: [], sharp: [], focused: () => null, shown: () => null };
  const server = new Server(slug);
  let session;
  try {
    session = await opened(server, app.config.person);
  } catch (error) {
    if (!signal.aborted) render(html`<${Failed} error=${error} />`, root);
    return;
  }
  if (signal.aborted) return;
  if (!session.items.length) {
    render(html`<${Words} title="There is nothing to review">Nothing here can be read, or nothing was chosen.<//>`, root);
    return;
  }
  const desk = new Desk({ session, classes: new Classes(session), server, parts: laidOut(root), say: (text) => app.say(text), show: app.show });
  signal.addEventListener("abort", () => desk.end());
  app.keys("review", actsOf(desk));
  app.title(titleOf(session));
  await desk.open([session.opens_on, session.opens_in], signal);
  if (!signal.aborted) tell(probe, desk);
}

function tell(probe, desk) {
  const { state, views, clock, outbox } = desk;
  Object.assign(probe, {
    times: clock.times, sharp: clock.sharp,
    focused: () => state.focused?.id ?? null,
    shown: () => (state.view === "grid" ? views.grid.shown() : desk.current.focusedStage?.drawn?.id ?? null),
    quality: () => desk.current.focusedStage?.drawn?.quality ?? null,
    selected: () => state.selected.size,
    unsaved: () => outbox.unsaved,
    look: () => outbox.look(),
    ready: true,
  });
}

function laidOut(root) {
  const parts = Object.fromEntries(["root", "bar", "notice", "audit", "view", "panel", "actions"].map((name) => [name, createRef()]));
  render(html`<div class="review" ref=${parts.root}><header class="bar" ref=${parts.bar} /><div class="notice" hidden ref=${parts.notice} /><div class="audit" hidden ref=${parts.audit} />
    <div class="view" tabindex="-1" ref=${parts.view} /><section class="panel" aria-label="About this sample" tabindex="0" hidden ref=${parts.panel} />
    <footer class="actions" ref=${parts.actions} /></div>`, root);
  return Object.fromEntries(Object.entries(parts).map(([name, { current }]) => [name, current]));
}

// What is reviewed, by the person whose name was given on this page last, else by the one that the server was started with.
async function opened(server, person) {
  const name = keptPerson();
  if (name) {
    try {
      return await server.ask(`session?as=${encodeURIComponent(name)}`);
    } catch (error) {
      if (!(error instanceof Answered) || error.status !== 400) throw error; // 400: it is no name there
    }
  }
  const session = await server.ask("session");
  return { ...session, person: session.person || person || "" };
}

const titleOf = (review) => (!review ? "Review" : review.title === review.task ? review.task : `${review.task}: ${review.title}`);

function Failed({ error }) {
  const closed = error.status === 401 || error.status === 403;
  const none = error instanceof Answered && error.status === 404;
  const title = none ? "There is no such review" : closed ? "This address is no longer valid" : "The server does not answer";
  const act = none ? html`<a class="button" href="#/review">What can be reviewed</a>` : html`<${Button} icon="again" text="Try again" run=${() => location.reload()} />`;
  return html`<${Words} title=${title} kind=${none ? "note" : "wrong"} act=${act}>${none ? "It may have been served before. The list shows what can be reviewed now."
    : closed ? "Open the address that was printed when the server was started last." : `Start it again, and open the address that it prints. (${error.message})`}<//>`;
}

// Several reviews of one project have its name: what tells them apart is the task.
function chooseOne(root, reviews) {
  render(reviews.length ? html`<div class="reviews"><h1>Review</h1><ul>${reviews.map(({ slug, title, task, count }) => html`<li key=${slug}>
      <a class="card" href=${`#/review/${encodeURIComponent(slug)}`}><b>${task}</b><span class="soft">${title !== task && html`<span>${title}</span>`}<span class="number">${plural(count, "sample")}</span></span></a></li>`)}</ul></div>`
    : html`<${Words} title="Nothing is reviewed">Start the application with <code>rushes review</code> in a project: it shows what waits for a person's word.<//>`, root);
  return { title: "Review", unmount() {} };
}
