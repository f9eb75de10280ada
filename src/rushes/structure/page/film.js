(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const film = byId("film"), tracks = film.querySelector(".tracks"), over = tracks.querySelector(".over");
  const { slots, rate, scenes, lanes, lane: [arcs, lane], shots, subtitles } = JSON.parse(byId("film-data").textContent);
  const [START, PICTURE, TIMECODE, LENGTH, SCENE, SETUP, SEEN, ROLE] = [0, 1, 2, 3, 4, 5, 6, 7];
  const element = (tag, about, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const stopOf = (shot) => (shot + 1 < shots.length ? shots[shot + 1][START] : slots);
  const percent = (slot) => `${(100 * slot) / slots}%`;
  const shotAt = (slot) => {
    let low = 0, high = shots.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (shots[middle][START] <= slot) low = middle; else high = middle - 1;
    }
    return low;
  };
  const ofSetup = new Map();
  shots.forEach((shot, place) => {
    if (shot[SETUP] < 0) return;
    if (!ofSetup.has(shot[SETUP])) ofSetup.set(shot[SETUP], []);
    ofSetup.get(shot[SETUP]).push(place);
  });

  // What is known of one shot, in the panel and on the timeline.
  const lit = element("div", { class: "lit" }), now = element("div", { class: "now" });
  over.append(lit, now);
  const picture = byId("shown").firstElementChild, same = tracks.querySelector(".setups .same");
  const slider = tracks.querySelector(".axis .band");
  let current = -1, heldSlot = 0;
  const said = (shot) => {
    const [, , timecode, length, scene] = shots[shot];
    return `shot ${shot + 1} of ${shots.length}, ${timecode}, ${length}, scene ${scene + 1}`;
  };
  const spokenIn = (from, to) => subtitles.filter(([start, stop]) => start < to && stop > from).map((one) => one[2]);
  const setupWords = (shot) => {
    const setup = shots[shot][SETUP];
    if (setup < 0) return "no set-up";
    const count = ofSetup.get(setup).length;
    return `set-up ${setup + 1}${count > 1 ? `, seen ${count} times` : ""}`;
  };
  const show = (shot, slot) => {
    heldSlot = slot;
    now.style.left = percent(slot);
    const words = spokenIn(slot, slot + 1), all = words.length ? words : spokenIn(shots[shot][START], stopOf(shot));
    byId("spoken").textContent = all.slice(0, 3).join(" ");
    if (shot === current) return;
    current = shot;
    const [start, shown, timecode, length, scene, setup, seen, role] = shots[shot];
    lit.style.left = percent(start);
    lit.style.width = percent(stopOf(shot) - start);
    picture.setAttribute("href", shown < 0 ? "" : `#p${shown}`);
    byId("what").replaceChildren(
      element("b", {}, `Shot\u00a0${shot + 1}`), ` of\u00a0${shots.length.toLocaleString("en")}`,
      element("span", {}, timecode), element("span", {}, length));
    const pieces = [element("a", { href: `#scene-${scene + 1}` }, `Scene ${scene + 1}`), element("span", {}, setupWords(shot))];
    if (role) pieces.push(element("span", {}, role));
    for (const piece of seen) pieces.push(element("span", { dir: "auto" }, piece));
    byId("known").replaceChildren(...pieces.flatMap((piece) => [piece, " "]));
    if (same) {
      same.setAttribute("d", (ofSetup.get(setup) || []).map((one) => {
        const from = shots[one][START], width = stopOf(one) - from;
        return `M${from} ${arcs + lanes[one] * lane - 1}h${width}v${lane + 1}h${-width}z`;
      }).join(""));
    }
    slider.setAttribute("aria-valuenow", shot + 1);
    slider.setAttribute("aria-valuetext", [said(shot), setupWords(shot), role, ...seen, ...all.slice(0, 1)].filter(Boolean).join(", "));
  };

  // Zoom is width alone: the drawings stretch, and the axis is marked anew.
  let zoom = 1;
  const most = () => Math.max(1, Math.min(400, (shots.length * 90) / Math.max(300, film.clientWidth), slots / 20));
  const mark = () => {
    const width = over.clientWidth, left = film.scrollLeft, right = left + film.clientWidth;
    const second = (width * rate) / slots;
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((one) => one * second >= 84) || 7200;
    const marks = [];
    const first = Math.max(0, Math.floor(left / second / step));
    for (let at = first; at * step * second < right && at * step * rate < slots && marks.length < 60; at += 1) {
      const total = at * step, whole = Math.floor(total), minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
      const tail = `${String(whole % 60).padStart(2, "0")}${total % 1 ? ".5" : ""}`;
      const mark = element("time", {}, hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`);
      mark.style.left = percent(total * rate);
      marks.push(mark);
    }
    tracks.querySelector(".axis .marks").replaceChildren(...marks);
  };
  let due = false;
  const later = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; mark(); });
  };
  film.addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later, { passive: true });
  const gutter = () => parseFloat(getComputedStyle(over).left) || 0;
  const zoomTo = (to, slot, at) => {
    zoom = Math.max(1, Math.min(most(), to));
    tracks.style.setProperty("--zoom", zoom);
    over.firstElementChild.style.setProperty("--few", Math.min(1, (40 * zoom) / scenes.length));
    film.scrollLeft = gutter() + (over.clientWidth * slot) / slots - at;
    byId("out").disabled = byId("all").disabled = zoom <= 1;
    byId("in").disabled = zoom >= most();
    mark();
  };
  const seenAt = (slot) => gutter() + (over.clientWidth * slot) / slots - film.scrollLeft;
  const middle = () => {
    const at = seenAt(heldSlot);
    return at > gutter() && at < film.clientWidth ? at : (gutter() + film.clientWidth) / 2;
  };
  const fit = (first, stop) => {
    const from = shots[first][START], to = stopOf(stop - 1), room = film.clientWidth - gutter();
    zoomTo((slots / (to - from)) * 0.9, from, gutter() + room * 0.05);
  };
  const reveal = () => {
    const at = seenAt(heldSlot), left = gutter() + 20;
    if (at < left || at > film.clientWidth - 20) film.scrollLeft += at - (left + film.clientWidth) / 2;
  };
  const sceneEnd = (scene) => (scene + 1 < scenes.length ? scenes[scene + 1] : shots.length);
  byId("in").addEventListener("click", () => zoomTo(zoom * 2, heldSlot, middle()));
  byId("out").addEventListener("click", () => zoomTo(zoom / 2, heldSlot, middle()));
  byId("all").addEventListener("click", () => zoomTo(1, 0, 0));
  byId("one").addEventListener("click", () => {
    const scene = shots[current][SCENE];
    fit(scenes[scene], sceneEnd(scene));
  });
  film.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = film.getBoundingClientRect();
    zoomTo(zoom * Math.exp(-event.deltaY / 300), slotAt(event), event.clientX - box.left);
  }, { passive: false });

  // The pointer shows; a click goes to the scene, where a finger first shows and then goes.
  const slotAt = (event) => {
    const box = over.getBoundingClientRect();
    return Math.max(0, Math.min(slots - 1, Math.floor(((event.clientX - box.left) / box.width) * slots)));
  };
  const isName = (event) => event.target.closest(".name") !== null;
  const go = (shot) => {
    const id = `scene-${shots[shot][SCENE] + 1}`;
    byId(id).hidden = false;
    if (location.hash === `#${id}`) byId(id).scrollIntoView();
    else location.hash = id;
    byId(id).focus({ preventScroll: true });
  };
  tracks.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || isName(event)) return;
    const slot = slotAt(event);
    show(shotAt(slot), slot);
  });
  tracks.addEventListener("click", (event) => {
    if (isName(event)) return;
    const slot = slotAt(event), shot = shotAt(slot), again = shot === current;
    show(shot, slot);
    if (event.pointerType === "touch" && !again) event.preventDefault();
    else if (!event.target.closest("a") && !event.target.closest(".axis")) go(shot);
  });

  // The axis is a slider over the shots for the keyboard and for who listens.
  for (const [name, value] of Object.entries({
    role: "slider", tabindex: 0, "aria-label": "Shot", "aria-valuemin": 1, "aria-valuemax": shots.length,
  })) slider.setAttribute(name, value);
  film.removeAttribute("tabindex");
  const turn = (shot) => {
    const to = Math.max(0, Math.min(shots.length - 1, shot));
    show(to, shots[to][START]);
    reveal();
  };
  const byScene = (by) => {
    const scene = shots[current][SCENE];
    if (by < 0 && scenes[scene] < current) return scenes[scene];
    return scenes[Math.max(0, Math.min(scenes.length - 1, scene + by))];
  };
  const keys = {
    ArrowRight: (event) => turn(event.shiftKey ? byScene(1) : current + 1),
    ArrowLeft: (event) => turn(event.shiftKey ? byScene(-1) : current - 1),
    ArrowUp: () => turn(current + 1),
    ArrowDown: () => turn(current - 1),
    PageUp: () => turn(byScene(1)),
    PageDown: () => turn(byScene(-1)),
    Home: () => turn(0),
    End: () => turn(shots.length - 1),
    Enter: () => go(current),
    "+": () => zoomTo(zoom * 2, heldSlot, middle()),
    "=": () => zoomTo(zoom * 2, heldSlot, middle()),
    "-": () => zoomTo(zoom / 2, heldSlot, middle()),
    0: () => zoomTo(1, 0, 0),
  };
  slider.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key](event);
  });

  // A time in a card or a table is shown on the timeline.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-shot]");
    if (!link) return;
    event.preventDefault();
    const first = Number(link.dataset.shot);
    fit(first, Number(link.dataset.stop));
    show(first, shots[first][START]);
    byId("what").closest(".panel").scrollIntoView({ block: "start" });
    slider.focus({ preventScroll: true });
  });

  // Only the scenes with one character, or with a dialogue.
  const select = byId("with");
  if (select) {
    const cards = [...document.querySelectorAll(".scene")];
    select.addEventListener("change", () => {
      const wanted = select.value;
      let count = 0;
      for (const card of cards) {
        card.hidden = wanted !== "" && !card.dataset.with.split(" ").includes(wanted);
        count += !card.hidden;
      }
      byId("narrowed").textContent = wanted ? `${count} of ${cards.length} scenes` : "";
    });
  }
  show(0, 0);
  zoomTo(1, 0, 0);
})();
