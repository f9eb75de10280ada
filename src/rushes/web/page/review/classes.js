// The classes of the task: the key, the colour and the words of each.

import { colourOf } from "../colours.js";

const OFFERED = "123456789bdjlmqstvwy"; // as keymap.json lists them: the letters that do nothing else here

export class Classes {
  constructor({ classes, culling = false }) {
    this.culling = culling;
    const names = classes.map((one) => one.name);
    this.all = (culling ? classes : keyed(classes)).map((one) => ({ ...one, colour: colourOf(names, one.name) }));
    this.byName = new Map(this.all.map((one) => [one.name, one]));
    this.byKey = new Map(this.all.filter((one) => one.key).map((one) => [one.key, one]));
    this.pick = this.all.find((one) => one.word === "pick")?.name ?? null;
    this.reject = this.all.find((one) => one.word === "reject")?.name ?? null;
  }

  of(name) {
    return this.byName.get(name) ?? { name, key: null, word: null, colour: colourOf([], name) };
  }

  // "pick" or "reject" in a cull, null elsewhere.
  word(name) {
    return name === null ? null : this.of(name).word ?? null;
  }
}

// The server's key where it is offered here, else the next one that is free; null for those that come after the last.
function keyed(classes) {
  const free = new Set(OFFERED);
  const asked = classes.map(({ key }) => (free.delete(key) ? key : null));
  return classes.map((one, place) => {
    const key = asked[place] ?? [...free][0] ?? null;
    free.delete(key);
    return { ...one, key };
  });
}
