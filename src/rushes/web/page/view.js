// The view library, in one place: Preact and htm from vendor/, bound to each other.

import htm from "./vendor/htm.mjs";
import { Component, createContext, createElement, createRef, Fragment, h, options, render } from "./vendor/preact.mjs";
import * as hooks from "./vendor/hooks.mjs";

export const html = htm.bind(h);
export { Component, createContext, createElement, createRef, Fragment, h, hooks, options, render };
