// Where the focus goes when what had it is gone: never to the page's beginning, but to what stands in its place.

export const isLost = () => document.activeElement === null || document.activeElement === document.body;

// Focus a part, be it a heading or a region that no Tab reaches.
export function focusOn(part) {
  if (!part) return false;
  if (part.tabIndex < 0 && !part.hasAttribute("tabindex")) part.setAttribute("tabindex", "-1");
  part.focus({ preventScroll: true });
  return true;
}
