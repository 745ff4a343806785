// The fields of forms: each has a label that names it, and a hint that belongs to it.

import { h } from "./dom.js";
import { sentence } from "./words.js";

/** Returns a control under its label. */
export function field(name, label, control, hint = "") {
  if (hint) control.setAttribute("aria-describedby", `h-${name}`);
  return h("div", { class: "field", key: name },
    h("label", { for: control.id }, label),
    control,
    hint && h("p", { class: "soft hint", id: `h-${name}` }, hint));
}

/** Returns a field for one line of text. */
export function textInput(name, label, { hint, value, id = `f-${name}`, ...given } = {}) {
  const input = h("input", { type: "text", id, name, autocomplete: "off", value, ...given });
  return field(name, label, input, hint);
}

/** Returns a field for lines of text. */
export function textArea(name, label, { hint, value = "", id = `f-${name}`, ...given } = {}) {
  return field(name, label, h("textarea", { id, name, ...given }, value), hint);
}

/** Returns a field for one of several names; without any to choose from there is none. */
export function pick(name, label, names, chosen, words = {}, id = `f-${name}`) {
  if (names.filter(Boolean).length === 0) return h("input", { type: "hidden", name, value: chosen });
  const options = names.map((each) =>
    h("option", { value: each, selected: each === chosen }, words[each] || sentence(each)));
  return field(name, label, h("select", { id, name }, options));
}

/** Returns a row of buttons, of which one is on. */
export function switches(name, label, pairs, chosen) {
  return h("fieldset", { class: "field switches" }, h("legend", {}, label),
    h("div", { class: "segments" }, pairs.map(([value, words]) => h("label", {},
      h("input", { type: "radio", name, value, checked: value === chosen }),
      h("span", {}, words, h("small", {}, value))))));
}
