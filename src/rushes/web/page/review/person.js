// Under whose name one decides: what a name may be, where it is kept, and where it is given.

import { Button, Dialog, Message } from "../parts.js";
import { hooks, html } from "../view.js";

const LONGEST = 40; // letters; as review/people.py has it
const ALLOWED = /^[\p{L}\p{N}][\p{L}\p{N}_ .@+-]*$/u;
const KEPT = "rushes-person";
export const RULE = `Up to ${LONGEST} letters, digits, spaces and . _ - @ +, beginning with a letter or a digit.`;

// As it is sent; the server says in which form it stands in labels.
export const tidied = (text) => text.normalize("NFC").trim().replace(/\s+/g, " ");

// What is wrong with a name; "" where nothing is.
export function faultOf(text) {
  const name = tidied(text);
  if (!name) return "A name is needed: decisions are kept under it.";
  const letters = [...name];
  if (letters.length > LONGEST) return `This name has ${letters.length} letters; it may have ${LONGEST}.`;
  if (ALLOWED.test(name)) return "";
  if (!/^[\p{L}\p{N}]/u.test(name)) return "A name begins with a letter or a digit.";
  const strange = [...new Set(letters.filter((one) => !/[\p{L}\p{N}_ .@+-]/u.test(one)))];
  return `A name may not hold ${strange.join(" ")}`;
}

// The name that was given on this page last; "" where none was, or one that is no name.
export function keptPerson() {
  try {
    const name = localStorage.getItem(KEPT) ?? "";
    return faultOf(name) ? "" : tidied(name);
  } catch {
    return "";
  }
}

export function keepPerson(name) {
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // It holds until the page is left.
  }
}

export function NameDialog({ person, give, close }) {
  const [fault, setFault] = hooks.useState("");
  const typed = hooks.useRef(null);
  hooks.useLayoutEffect(() => typed.current.select(), []);
  const done = (event) => {
    event.preventDefault();
    const found = faultOf(typed.current.value);
    setFault(found);
    if (found) typed.current.focus();
    else give(tidied(typed.current.value));
  };
  return html`<${Dialog} title="Who decides" close=${close}>
    <form class="naming" onSubmit=${done} novalidate>
      <label class="field"><span>Your name</span><input ref=${typed} type="text" autofocus autocomplete="nickname" defaultValue=${person} spellcheck=${false}
        aria-invalid=${String(fault !== "")} aria-describedby=${fault ? "name-fault name-rule" : "name-rule"} onInput=${() => fault && setFault(faultOf(typed.current.value))} /></label>
      <p id="name-rule" class="soft small">${RULE} Decisions are labels of the origin <code>review:</code> and this name.</p>
      ${fault && html`<div id="name-fault"><${Message} alert>${fault}<//></div>`}
      <p class="steps"><${Button} text="Decide under this name" primary type="submit" /><${Button} text="Cancel" run=${close} /></p></form><//>`;
}
