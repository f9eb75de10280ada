// What is understood of a film, as the page asks it: which shots are of which scene, dialogue, set-up and character.

import { Component, h } from "../view.js";

const EMPTY = [];

/* film-structure/1 with what is looked up often. Shots, scenes, dialogues, set-ups and characters are numbers from 1.
   of(shot) is the shot's own entry; sceneOf(shot); dialogueOf(shot); sideOf(shot): 0 or 1 of a dialogue's sides, null of
   a cutaway and of any other shot; recurring: the set-ups that are seen more than once, in the order of their first shots. */
export class Structure {
  constructor(table) {
    Object.assign(this, { table, shots: table.shots, scenes: table.scenes, dialogues: table.dialogues, characters: table.characters ?? EMPTY, hasFaces: table.characters !== null, facts: table.facts, subtitles: table.subtitles, notes: table.notes });
    this.talk = new Map();
    this.sides = new Map();
    for (const one of table.dialogues) {
      for (let shot = one.first_shot; shot <= one.last_shot; shot += 1) this.talk.set(shot, one);
      one.sides.forEach((side, place) => side.shots.forEach((shot) => this.sides.set(shot, place)));
    }
    this.setups = new Map();
    for (const shot of table.shots) if (shot.setup !== null) this.setups.set(shot.setup, (this.setups.get(shot.setup) ?? 0) + 1);
    this.recurring = [...this.setups].filter(([, count]) => count > 1).map(([setup]) => setup);
  }

  of(shot) { return this.shots[shot - 1]; }
  sceneOf(shot) { return this.scenes[this.of(shot).scene - 1]; }
  dialogueOf(shot) { return this.talk.get(shot) ?? null; }
  sideOf(shot) { return this.sides.get(shot) ?? null; }
  titleOf(character) { return this.characters[character - 1]?.title ?? ""; }
  namesIn(scene) { return (scene.characters ?? EMPTY).map((one) => this.titleOf(one)); }

  // The line that is shown at a time, or null.
  lineAt(seconds) {
    const lines = this.subtitles?.entries ?? EMPTY;
    let low = 0, high = lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lines[middle].start_seconds <= seconds) low = middle + 1; else high = middle;
    }
    const last = lines[low - 1];
    return last && seconds < last.stop_seconds ? last : null;
  }
}

export const SIDES = ["A", "B"];
export const lasting = (span) => span.stop_seconds - span.start_seconds;

// A part that is drawn anew only when what it is given changes: not with the time, sixty times a second.
export const steady = (Part) => class extends Component {
  shouldComponentUpdate(next) {
    const names = new Set([...Object.keys(this.props), ...Object.keys(next)]);
    return [...names].some((name) => name !== "children" && this.props[name] !== next[name]);
  }

  render(props) { return h(Part, props); }
};
