// The characters of a film: their faces, their names, and every scene in which one is seen.

import { Button, Dialog, Message } from "../parts.js";
import { hooks, html } from "../view.js";
import { bytesOf, clock, plural, timeTaken } from "../words.js";
import { Picture } from "./films.js";
import { lasting, steady } from "./structure.js";
import { pathOf } from "./words.js";

export const People = steady(({ app, film, model, person, undoes, does }) => {
  const [people, setPeople] = hooks.useState({ people: [] }), [wiping, setWiping] = hooks.useState(false);
  hooks.useEffect(() => { // who else is called so, a part of the films with each answer; without it the page goes on
    let gone = !model.hasFaces;
    const look = async () => {
      for (let left = Infinity; left > 0 && !gone;) {
        const { reply } = await app.ask("footage/people");
        if (gone || reply.left >= left) return;
        left = reply.left;
        setPeople(reply);
      }
    };
    look().catch(() => {});
    return () => { gone = true; };
  }, [model]);
  const left = film.structure.face_data, wipe = html`<p class="wipe"><${Button} plain text="Delete all face data of the project …" run=${() => setWiping(true)} /></p>
    ${wiping && html`<${Wipe} app=${app} close=${() => setWiping(false)} does=${does} />`}`;
  if (!film.structure.faces) return html`<div class="people"><${Message} kind="note" title="Faces are not looked for">Faces ${film.structure.no_faces.replace(/^faces /, "")}.<//>
    ${left.files > 0 && html`<${Message} title="Face data is still kept">From when faces were looked for, ${plural(left.files, "file")} (${bytesOf(left.bytes)}) of faces, their pictures and names lie in <code>.rushes/faces</code>.<//>${wipe}`}</div>`;
  if (!model.hasFaces) return html`<div class="people"><${Message} kind="note" title="Nobody was looked for">Find the scenes again with faces, and whoever is seen in this film stands here.<//>
    <p class="choice-row"><${Button} text="Find scenes with faces" run=${does.find} /></p>${left.files > 0 && wipe}</div>`;
  const one = model.characters[person - 1] ?? model.characters[0] ?? null;
  return html`<div class="people">
    ${model.characters.length ? html`<p class="small soft">A name is kept for the whole project and finds the same face in its other films. The same name given twice joins the two. Enter keeps it, Esc leaves it as it was.${undoes > 0 && html` <${Button} plain icon="undo" text="Undo the last name" keys="Ctrl+z" run=${does.undo} />`}</p>
      <ul class="faces">${model.characters.map((each) => html`<${Face} key=${faceOf(each)} film=${film} one=${each} current=${each === one} known=${people.people.length > 0} does=${does} />`)}</ul>
      <datalist id="known-people">${people.people.map(({ name }) => html`<option key=${name} value=${name} />`)}</datalist>
      ${one && html`<${Seen} film=${film} model=${model} one=${one} people=${people} does=${does} />`}`
      : html`<${Message} kind="note" title="No face was found">Nobody is seen near enough, or what is shown are no people's faces. Scenes and dialogues are found without.<//>`}
    ${wipe}</div>`;
});

// Who it is, whatever number it has by now: characters are numbered anew when two of them join.
const faceOf = (one) => `frame=${one.best_frame}&box=${one.box.join(",")}`;

function Face({ film, one, current, known, does }) {
  const [text, setText] = hooks.useState(one.name ?? ""), [refused, setRefused] = hooks.useState(null);
  const asking = hooks.useRef(false), hint = `hint-${one.character}`;
  const leave = () => { setText(one.name ?? ""); setRefused(null); };
  hooks.useEffect(leave, [one.name]);
  const isKept = text.trim() === (one.name ?? "");
  const keep = async () => {
    if (isKept || asking.current) return;
    asking.current = true;
    setRefused(await does.name(one, text.trim()));
    asking.current = false;
  };
  const press = (event) => {
    if (event.key === "Enter") { event.preventDefault(); keep(); }
    if (event.key === "Escape") { event.preventDefault(); if (isKept) event.target.blur(); leave(); }
  };
  return html`<li class="face"><button type="button" aria-pressed=${current} title=${`Every scene with ${one.title}`} onClick=${() => does.look(one.character)}>
      <${Picture} src=${`${pathOf(film, "characters", `${one.character}.jpg`)}?${faceOf(one)}`} /><span class="unseen">Every scene with ${one.title}</span></button>
    <input type="text" maxlength=${film.structure.longest_name} autocomplete="off" spellcheck=${false} list=${known ? "known-people" : undefined} placeholder=${one.title} aria-label=${`Name of character ${one.character}`} value=${text}
      aria-invalid=${refused ? "true" : undefined} aria-describedby=${isKept ? undefined : hint} onInput=${(event) => { setText(event.target.value); setRefused(null); }} onKeyDown=${press} />
    ${isKept ? html`<span class="soft small number">${timeTaken(1000 * one.seconds)} · ${plural(one.scenes.length, "scene")}</span>`
      : html`<span class=${`small ${refused ? "refused" : "soft"}`} id=${hint}>${refused ? `Not kept: ${refused}` : "Not kept yet: Enter keeps it"}</span>`}</li>`;
}

// Every scene with one of them: of this film, and of others where a name says who it is.
function Seen({ film, model, one, people, does }) {
  const elsewhere = (people.people.find(({ name }) => name === one.name)?.films ?? []).filter((each) => each.source !== film.source);
  const here = one.scenes.map((number) => model.scenes[number - 1]).map((scene) => ({ scene, shots: one.shots.filter((shot) => shot >= scene.first_shot && shot <= scene.last_shot) }));
  return html`<section class="seen-in" aria-label=${`Every scene with ${one.title}`}><h2>Every scene with ${one.title}</h2>
    <p class="choice-row"><${Button} plain text="Only their shots" label=${`Only shots with ${one.title}`} run=${() => does.showOnly("in:character", one.character)} /></p>
    <h3 class="heading">${film.name} <span class="number">${plural(here.length, "scene")}</span></h3>
    <ul class="scenes">${here.map(({ scene, shots }) => html`<${SceneWith} key=${scene.scene} source=${film} number=${scene.scene} shots=${shots} start=${scene.start_seconds} long=${lasting(scene)} choose=${() => does.choose(shots[0])} />`)}</ul>
    ${elsewhere.map((each) => html`<h3 key=${each.source} class="heading">${each.film} <span class="number">${plural(each.scenes.length, "scene")}</span></h3>
      <ul class="scenes">${each.scenes.map((scene) => html`<${SceneWith} key=${scene.scene} source=${each} number=${scene.scene} shots=${scene.shots} start=${scene.start_seconds} long=${lasting(scene)} />`)}</ul>`)}
    ${one.name && people.left > 0 && html`<p class="soft small" aria-live="polite">${plural(people.left, "more film")} of the project ${people.left === 1 ? "is" : "are"} looked through …</p>`}
    ${!one.name && html`<p class="soft small">With a name, scenes of the project's other films stand here too.</p>`}</section>`;
}

const SceneWith = ({ source, number, shots, start, long, choose }) => html`<li><a class="shot" href=${`#/footage/${source.source}?shot=${shots[0]}`}
    onClick=${choose && ((event) => { event.preventDefault(); choose(); })}><${Picture} src=${pathOf(source, "shots", `${shots[0]}.jpg`)} />
    <span class="line"><b>Scene ${number}</b><span class="number soft">${clock(start)}</span></span>
    <span class="line small soft number">${clock(long, 1)} long · in ${plural(shots.length, "shot")}</span></a></li>`;

// Asked twice: what is deleted cannot be had back.
function Wipe({ app, close, does }) {
  const [sure, setSure] = hooks.useState(false), [problem, setProblem] = hooks.useState(null);
  const wipe = async () => {
    try {
      const { reply } = await app.ask("footage/faces", { method: "DELETE" });
      close();
      app.show(`All face data is deleted: ${plural(reply.files, "file")}, ${bytesOf(reply.bytes)}`);
      app.say("All face data is deleted");
      does.load();
    } catch (error) { setProblem(error); }
  };
  return html`<${Dialog} title="Delete all face data?" close=${close}><div class="asking">
    <p>This deletes the faces of all films of this project, their pictures, and the names that were given. Films, shots, labels and scenes stay. It cannot be undone.</p>
    ${problem && html`<${Message} alert title="It was not deleted">${problem.message}<//>`}
    <p class="choice-row">${sure ? html`<${Button} key="sure" primary text="Yes, delete all of it" run=${wipe} />` : html`<${Button} key="ask" text="Delete" run=${() => setSure(true)} />`}<${Button} plain text="Keep it" run=${close} autofocus /></p></div><//>`;
}
