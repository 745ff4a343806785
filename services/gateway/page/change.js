// Changes of one beat: edited, made anew, skipped, or given another take. What a change leads to,
// and what it costs, is asked for and shown before it is made.

import { ask, can, get } from "./api.js";
import { h } from "./dom.js";
import { drawRefusal } from "./price.js";
import { textArea } from "./fields.js";
import { count, jobWords, money, sentence } from "./words.js";

const BEAT = "/v1/videos/{video_id}/beats/{beat}";

const TOOLS = [
  ["edit", "Edit", `PATCH ${BEAT}`],
  ["regenerate", "Make anew", `POST ${BEAT}/regenerate`],
  ["takes", "Takes", `GET ${BEAT}/takes`],
  ["skip", "Leave out", `POST ${BEAT}/skip`],
];

/** Returns a button for each change that this version of the API knows. */
export function drawTools(state, beat) {
  const offered = TOOLS.filter(([, , operation]) => can(operation));
  if (!offered.length) return null;
  const name = `beat ${beat.beat}`;
  return h("div", { class: "tools", key: "tools" }, offered.map(([what, label]) =>
    h("button", { type: "button", class: "quiet", key: what, "aria-label": `${label}: ${name}`,
      "aria-expanded": String(isOpen(state, what, beat)),
      onclick: () => toggle(state, what, beat) }, label)));
}

const isOpen = ({ open }, what, beat) => open?.what === what && open.beat === beat.beat;

function toggle(state, what, beat) {
  state.open = isOpen(state, what, beat) ? null : { what, beat: beat.beat, parts: "image" };
  state.refusal = null;
  if (state.open && what === "takes") loadTakes(state, beat);
  if (state.open && what !== "takes" && what !== "edit") preview(state, beat);
  state.draw();
}

/** Returns the form of the change that is open for a beat. */
export function drawChange(state, beat) {
  const what = state.open?.beat === beat.beat ? state.open.what : null;
  return what ? FORMS[what]?.(state, beat) : null;
}
const FORMS = { edit: drawEdit, regenerate: drawAnew, takes: drawTakes, skip: drawSkip };

const PARTS = [
  ["image", "The image, and its clips"],
  ["clip", "The clips"],
  ["voice", "The voice"],
  ["all", "All of it"],
];

function drawEdit(state, beat) {
  const id = `edit-${beat.beat}`;
  const typed = () => readEdit(document.getElementById(id), beat);
  const form = h("form", { class: "change", id, keep: `${id}-${state.storyboard.rev}`,
    onsubmit: (event) => { event.preventDefault(); apply(state, beat, "PATCH", "", typed()); } },
  textArea("prompt", "What is seen", { rows: 3, maxlength: 1000, value: beat.prompt, id: `${id}-prompt` }),
  textArea("narration", "What is said", { rows: 2, maxlength: 1000, value: beat.narration, id: `${id}-said` }),
  h("div", { class: "field" }, h("label", { for: `${id}-long` }, "Seconds"),
    h("input", { type: "number", id: `${id}-long`, name: "duration", value: beat.seconds, min: 0.5,
      max: 180, step: 0.1, inputmode: "decimal" })),
  h("div", { class: "actions" },
    h("button", { class: "main" }, "Change it"),
    h("button", { type: "button", onclick: () => offer(state, beat, "PATCH", "", typed()) }, "What would it cost?"),
    drawClose(state)));
  return h("div", { key: "edit", class: "change-place" }, form, drawOffer(state));
}

function readEdit(form, beat) {
  const at = form.elements;
  const asked = {};
  if (at.prompt.value.trim() !== beat.prompt) asked.prompt = at.prompt.value.trim();
  if (at.narration.value.trim() !== beat.narration) asked.narration = at.narration.value.trim();
  if (Number(at.duration.value) !== beat.seconds) asked.duration = Number(at.duration.value);
  return asked;
}

function drawAnew(state, beat) {
  const { parts } = state.open;
  const choose = (what) => { state.open.parts = what; state.open.offer = null; preview(state, beat); };
  return h("div", { key: "regenerate", class: "change-place change" },
    h("fieldset", { class: "field" }, h("legend", {}, "What is made anew"),
      PARTS.filter(([what]) => what !== "voice" || beat.voice).map(([what, words]) =>
        h("label", { class: "check", key: what }, h("input", { type: "radio", name: `anew-${beat.beat}`,
          checked: parts === what, onchange: () => choose(what) }), h("span", {}, words)))),
    drawOffer(state),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "main", disabled: state.busy !== null,
        onclick: () => apply(state, beat, "POST", "/regenerate", { what: parts }) }, "Make it anew"),
      drawClose(state)));
}

function drawSkip(state, beat) {
  const back = beat.skipped;
  return h("div", { key: "skip", class: "change-place change" },
    h("p", {}, back ? "Take this beat into the film again?" : "Leave this beat out of the film? It may come back."),
    drawOffer(state),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "main", disabled: state.busy !== null, onclick: () => (back
        ? apply(state, beat, "PATCH", "", { skipped: false })
        : apply(state, beat, "POST", "/skip")) }, back ? "Take it back" : "Leave it out"),
      drawClose(state)));
}

function drawTakes(state, beat) {
  const { takes, problem } = state.open;
  if (problem) return h("div", { key: "takes", class: "change-place change" }, drawRefusal(problem.message));
  return h("div", { key: "takes", class: "change-place change" },
    takes ? h("ul", { class: "takes", "aria-label": "Takes" }, takes.flatMap((take) =>
      take.kind === "image" && take.urls.length > 1
        ? take.urls.map((_, number) => drawTake(state, beat, take, number))
        : [drawTake(state, beat, take, 0)]))
      : h("p", { class: "soft" }, "Loading …"),
    h("p", { class: "soft small" }, "A take that was made once is chosen again at no cost."),
    h("div", { class: "actions" }, drawClose(state)));
}

function drawTake(state, beat, take, number) {
  const name = `${sentence(take.kind)}, take ${take.take + 1}`;
  const chosen = take.is_chosen && (take.image === null || take.image === number);
  const wish = { kind: take.kind, take: take.take };
  if (take.image !== null) wish.image = number;
  return h("li", { key: `${take.kind}-${take.take}-${number}` },
    drawTaken(take, number, name),
    h("p", {}, name),
    chosen ? h("p", { class: "pill completed" }, "In the film")
      : h("button", { type: "button", disabled: !take.is_ready || state.busy !== null,
        "aria-label": `Use ${name}`,
        onclick: () => apply(state, beat, "POST", "/choose", wish) }, take.is_ready ? "Use it" : "Not made"));
}

function drawTaken(take, number, name) {
  const media = take.urls[number];
  const look = { media, "aria-label": name, controls: true, preload: "metadata" };
  if (!media) return h("p", { class: "soft" }, "It was not made.");
  if (take.kind === "clip") return h("video", { ...look, muted: true, playsinline: true });
  if (take.kind === "voice") return [h("audio", look), h("p", { class: "soft" }, take.narration)];
  return h("div", { class: "picture" }, h("img", { media, alt: name }));
}

function drawClose(state) {
  return h("button", { type: "button", class: "quiet", onclick: () => {
    state.open = null;
    state.draw();
  } }, "Close");
}

// ── what a change would lead to ───────────────────────────────────────────────────────────────

function drawOffer({ open }) {
  if (open.problem) return h("div", { key: "offer" }, drawRefusal(open.problem.message, open.problem.errors));
  if (!open.offer) return null;
  const { stale, total, is_within_budget: fits, budget } = open.offer;
  const names = stale.map(jobWords);
  return h("div", { key: "offer", class: `notice ${fits ? "info" : "warn"}`, role: "status" },
    h("p", {}, h("strong", {}, Number(total) ? `Up to ${money(total)}. ` : "No cost. "),
      stale.length ? `${count(stale.length, "thing")} made again: ${list(names)}.` : "Nothing is made again but the film.",
      !fits && ` That is more than the budget of ${money(budget)} leaves.`));
}

const list = (names) => names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more`
  : names.join(", ");

const at = (state, beat) => `${state.path}/beats/${beat.beat}`;

async function offer(state, beat, method, to, body) {
  const { open } = state;
  try {
    open.offer = await ask(method, `${at(state, beat)}${to}?dry_run=true`, body);
    open.problem = null;
  } catch (error) {
    open.problem = error;
  }
  state.draw();
}

function preview(state, beat) {
  if (state.open.what === "skip") {
    if (beat.skipped) offer(state, beat, "PATCH", "", { skipped: false });
    else offer(state, beat, "POST", "/skip");
  } else offer(state, beat, "POST", "/regenerate", { what: state.open.parts });
}

async function loadTakes(state, beat) {
  const { open } = state;
  try {
    open.takes = (await get(`${at(state, beat)}/takes`)).takes;
  } catch (error) {
    open.problem = error;
  }
  state.draw();
}

async function apply(state, beat, method, to, body) {
  if (method === "PATCH" && !Object.keys(body).length) {
    state.open = null;
    state.draw();
    return;
  }
  const { open } = state;
  await state.act("change", method, `/beats/${beat.beat}${to}`, body);
  if (state.refusal) { // it is told where it was asked for
    [state.open, open.problem, state.refusal] = [open, state.refusal, null];
    state.draw();
  }
}
