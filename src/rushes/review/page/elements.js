// Elements, made in one line each, and the marks that are drawn on them.

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

// A person's decision is a disc with a sign in it, a proposal of the cull is a triangle: nobody takes one for the other.
const DRAWN = {
  pick: '<circle cx="8" cy="8" r="7" class="full"/><path d="M4.6 8.3 7 10.7l4.5-5" class="sign"/>',
  reject: '<circle cx="8" cy="8" r="6.4" class="ring"/><path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" class="line"/>',
  "other-pick": '<circle cx="8" cy="8" r="6.4" class="ring dashed"/><path d="M4.9 8.3 7.1 10.5l4-4.6" class="line"/>',
  "other-reject": '<circle cx="8" cy="8" r="6.4" class="ring dashed"/><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" class="line"/>',
  unset: '<circle cx="8" cy="8" r="6.4" class="ring dashed"/>',
  "cull-pick": '<path d="M8 3.2 13.6 12.8H2.4z" class="line"/>',
  "cull-reject": '<path d="M8 12.8 2.4 3.2h11.2z" class="line"/>',
  grid: '<path d="M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z" class="line"/>',
  loupe: '<path d="M2 3.5h12v9H2z" class="line"/>',
  compare: '<path d="M1.5 3.5h5.7v9H1.5zM8.8 3.5h5.7v9H8.8z" class="line"/>',
  survey: '<path d="M1.5 2.5h7v6h-7zM10.5 2.5h4v6h-4zM1.5 10.5h4v3h-4zM7.5 10.5h7v3h-7z" class="line"/>',
  undo: '<path d="M6 3 2.8 6.2 6 9.4M3 6.2h6.2a3.7 3.7 0 0 1 0 7.4H6" class="line"/>',
  redo: '<path d="m10 3 3.2 3.2L10 9.4M13 6.2H6.8a3.7 3.7 0 0 0 0 7.4H10" class="line"/>',
  info: '<circle cx="8" cy="8" r="6.4" class="ring"/><path d="M8 7.2v4M8 4.6v.3" class="line"/>',
  help: '<circle cx="8" cy="8" r="6.4" class="ring"/><path d="M6.2 6.3a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.9.6-.9 1.3M8 11.4v.2" class="line"/>',
  filter: '<path d="M2 4h12M4.4 8h7.2M6.6 12h2.8" class="line"/>',
  saved: '<path d="m3.4 8.4 3 3 6.2-6.6" class="line"/>',
  unsaved: '<path d="M8 2.6v6.2M8 12v.4" class="line"/>',
  close: '<path d="m4 4 8 8m0-8-8 8" class="line"/>',
  back: '<path d="M10 3 5 8l5 5" class="line"/>',
  on: '<path d="m6 3 5 5-5 5" class="line"/>',
};

export function icon(name, label = null) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("class", `icon sign-${name}`);
  if (label === null) drawing.setAttribute("aria-hidden", "true");
  else {
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", label);
  }
  drawing.innerHTML = DRAWN[name];
  return drawing;
}

export function button(name, label, run, { key = null, text = null, extra = "" } = {}) {
  const made = el("button", { type: "button", class: `button ${extra}`, title: key ? `${label} (${key})` : label,
    "aria-label": label, "aria-keyshortcuts": key, onclick: run });
  if (name) made.append(icon(name));
  if (text) made.append(el("span", {}, text));
  return made;
}
