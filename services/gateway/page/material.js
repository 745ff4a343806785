// Files that a user gives, chosen here or named by a link. Each is sent at once: so what is wrong
// with it is said before anything else.

import { ask } from "./api.js";
import { h, show } from "./dom.js";
import { pick, textArea } from "./fields.js";
import { count, span } from "./words.js";

const TYPES = { fountain: "text/x-fountain", txt: "text/x-fountain", md: "text/markdown",
  fdx: "application/xml", pdf: "application/pdf" };

/** Returns what the server says of a file, or of a link to one, once it has it. */
function send(given) {
  if (typeof given === "string") return ask("POST", "/v1/uploads", { url: given });
  const type = TYPES[given.name.split(".").pop().toLowerCase()] || given.type;
  return ask("POST", "/v1/uploads", given, { "Content-Type": type || "application/octet-stream" });
}

/** Returns a field for a file or a link to one; `take` gets what the server says of it, or null. */
export function fileField(state, name, label, accept, take) {
  const note = h("p", { class: "soft hint", id: `h-${name}`, role: "status" });
  const choose = async (given, box) => {
    take(null);
    tell(note, given ? "Sending …" : "");
    try {
      if (given) tell(note, take(await send(given), given));
    } catch (error) {
      tell(note, error.message, true);
      box.value = "";
    }
    state.changed();
  };
  const begin = (given, box) => { state.sending = choose(given, box); };
  return h("div", { class: "field", key: name }, h("label", { for: `f-${name}` }, label),
    h("div", { class: "file-line" },
      h("input", { type: "file", id: `f-${name}`, name, accept, "aria-describedby": note.id,
        onchange: ({ target }) => begin(target.files[0], target) }),
      h("input", { type: "url", "aria-label": `${label}: a link to it`, placeholder: "or a link: https://…",
        maxlength: 2000, onkeydown: leaveAtEnter,
        onchange: ({ target }) => begin(target.value.trim(), target) })),
    note);
}

// the key sends what is typed, as leaving the field does, and not the whole form
function leaveAtEnter(event) {
  if (event.key !== "Enter") return;
  event.preventDefault();
  event.target.blur();
}

function tell(note, text, isBad = false) {
  note.textContent = text;
  note.className = isBad ? "hint bad-text" : "soft hint";
}

/** Returns what a file is, in a few words. */
export function describe({ kind, title, scenes, characters, width, height, seconds }) {
  if (kind === "script") {
    return `${title || "A script"}: ${count(scenes, "scene")}, ${count(characters, "character")}`;
  }
  if (kind === "image") return `${width} × ${height} pixels`;
  return [width && `${width} × ${height} pixels`, span(1000 * seconds)].filter(Boolean).join(", ");
}

// ── for single beats ──────────────────────────────────────────────────────────────────────────

/** Returns the part of the form for a user's own pictures, clips and sounds, beat by beat. */
export function buildOwn(state) {
  const rows = h("ul", { class: "own", "aria-label": "Your own files" });
  const draw = () => show(rows, state.own.map((one) => drawOwn(state, one, draw)));
  const take = (found, given) => {
    if (!found) return "";
    if (found.kind === "script") throw new Error("That is a script: choose Script above for it.");
    state.own.push({ ...found, name: given.name || given.split("/").pop() || "a link", as: AS[found.kind],
      beat: findFree(state.own), sound: "duck", words: "" });
    draw();
    document.getElementById("f-own").value = "";
    document.querySelector("#f-own + input").value = "";
    return "It is below: say what it is for.";
  };
  return h("details", { class: "options" }, h("summary", {}, "Your own pictures, clips and sounds"),
    h("div", { class: "group" },
      h("p", { class: "soft small" }, "What you give is not made. Beats are counted from 0."),
      fileField(state, "own", "A file", "image/png,image/jpeg,image/webp,video/*,audio/*", take), rows));
}

const AS = { image: "image", clip: "clip", sound: "voice" };
const findFree = (own) => Math.max(-1, ...own.map((one) => one.beat)) + 1;

function drawOwn(state, one, draw) {
  const name = `own-${one.id}`;
  const set = (field, read = String) => (event) => { one[field] = read(event.target.value); draw(); };
  return h("li", { key: one.id },
    one.kind === "image" ? h("img", { media: `/v1/uploads/${one.id}`, alt: "", width: 40, height: 40 })
      : h("span", { class: "own-sign", "aria-hidden": "true" }, one.kind === "clip" ? "▶" : "♪"),
    h("p", {}, one.name, h("span", { class: "soft line small" }, describe(one))),
    one.kind === "sound" && withChange(pick(`${name}-as`, "As", ["voice", "music"], one.as,
      { voice: "Voice of a beat", music: "Music of the film" }), set("as")),
    one.as !== "music" && h("div", { class: "field" }, h("label", { for: `${name}-beat` }, "Beat"),
      h("input", { type: "number", id: `${name}-beat`, min: 0, max: 59, value: one.beat, inputmode: "numeric",
        keep: name, onchange: set("beat", Number) })),
    one.kind === "clip" && withChange(pick(`${name}-sound`, "Its sound", ["duck", "keep", "mute"], one.sound,
      { duck: "Under the voice", keep: "As loud as it is", mute: "Off" }), set("sound")),
    h("button", { type: "button", class: "quiet danger", "aria-label": `Remove ${one.name}`, onclick: () => {
      state.own.splice(state.own.indexOf(one), 1);
      draw();
      state.changed();
    } }, "Remove"),
    one.as === "voice" && withChange(textArea(`${name}-words`, "What is said in it", { rows: 2, maxlength: 1000,
      value: one.words, keep: `${name}-words` }), set("words")));
}

function withChange(field, changed) {
  field.querySelector("select, textarea").onchange = changed;
  return field;
}

/** Returns the beats of a request, with what the user gives for each. */
export function readOwn(own) {
  const beats = new Map();
  for (const one of own) {
    const index = one.as === "music" ? 0 : one.beat;
    const beat = beats.get(index) || { index };
    beat[one.as] = one.id;
    if (one.as === "clip") beat.sound = one.sound;
    if (one.as === "voice") beat.narration = one.words.trim();
    beats.set(index, beat);
  }
  return [...beats.values()].sort((a, b) => a.index - b.index);
}
