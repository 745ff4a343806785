// Changes of one beat: edited, made anew, skipped, or given another take. What a change leads to,
// and what it costs, is asked for and shown before it is made.

import { ask, can, get } from "./api.js";
import { h, later } from "./dom.js";
import { drawRefusal } from "./price.js";
import { textArea } from "./fields.js";
import { count, jobWords, money, sentence } from "./words.js";

const BEAT = "/v1/videos/{video_id}/beats/{beat}";

const WAYS = [
  ["edit", "Edit", `PATCH ${BEAT}`],
  ["regenerate", "Make anew", `POST ${BEAT}/regenerate`],
  ["takes", "Takes", `GET ${BEAT}/takes`],
  ["skip", "Leave out", `POST ${BEAT}/skip`],
];

const isOpen = ({ open }, beat) => open?.beat === beat.beat;

/** Returns the button that opens a beat's changes, as far as this video has any now. */
export function drawTools(state, beat) {
  if (!listWays(state).length) return null;
  const open = isOpen(state, beat);
  return h("button", { type: "button", class: "tools", key: "tools", "aria-expanded": String(open),
    "aria-label": `Change beat ${beat.beat}`, onclick: () => (open ? close(state) : choose(state, beat)) },
  open ? "Close" : "Change");
}

function listWays({ video, storyboard }, beat = null) {
  const allowed = new Set(video.actions);
  // a film of no beats would be none
  if (beat && !storyboard.beats.some((one) => one !== beat && !one.skipped)) allowed.delete("skip");
  return WAYS.filter(([way, , operation]) => can(operation) && (way === "takes" || allowed.has(way)))
    .filter(([way], _, all) => way !== "takes" || all.length > 1);
}

function close(state) {
  state.open = null;
  state.draw();
}

function choose(state, beat, way = beat.skipped ? "skip" : "edit") {
  state.open = { what: way, beat: beat.beat, parts: "image" };
  state.refusal = null;
  if (way === "takes") loadTakes(state, beat);
  else if (way !== "edit") preview(state, beat);
  state.draw();
}

/** Returns the changes of a beat, once they are open: a row of their own below it. */
export function drawChange(state, beat) {
  if (!isOpen(state, beat)) return null;
  const { what } = state.open;
  const name = `way-${beat.beat}`;
  return h("li", { class: "change-place", key: `change-${beat.beat}` },
    h("div", { class: "change-head" },
      h("fieldset", { class: "segments" },
        h("legend", { class: "unseen" }, `What changes of beat ${beat.beat}`),
        listWays(state, beat).map(([way, label]) => h("label", { key: way },
          h("input", { type: "radio", name, value: way, checked: what === way, onchange: () => choose(state, beat, way) }),
          h("span", {}, way === "skip" && beat.skipped ? "Take back" : label)))),
      h("h3", {}, `Beat ${beat.beat}`)),
    FORMS[what](state, beat));
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
  const soon = later(400, () => {
    const form = document.getElementById(id); // it may be closed by now
    if (form) offer(state, beat, "PATCH", "", readEdit(form, beat));
  });
  const form = h("form", { class: "change edit", id, keep: `${id}-${state.storyboard.rev}`, oninput: soon, novalidate: true,
    onsubmit: (event) => { event.preventDefault(); apply(state, beat, "PATCH", "", typed()); } },
  textArea("prompt", "What is seen", { rows: 4, maxlength: 1000, value: beat.prompt, id: `${id}-prompt` }),
  textArea("narration", "What is said", { rows: 4, maxlength: 1000, value: beat.narration, id: `${id}-said` }),
  h("div", { class: "field" }, h("label", { for: `${id}-long` }, "Seconds"),
    h("input", { type: "number", id: `${id}-long`, name: "duration", value: beat.seconds, min: 0.5,
      max: 180, step: "any", inputmode: "decimal" })));
  return h("div", { key: "edit", class: "change" }, form, drawOffer(state, "Type: what it leads to is told here."),
    drawEnd(state, "Change it", { form: id }));
}

/** Returns the button that makes a change, and the one that does not. */
function drawEnd(state, words, given) {
  return h("div", { class: "actions" },
    words && h("button", { class: "main", disabled: state.busy !== null, ...given }, words),
    h("button", { type: "button", class: "quiet", onclick: () => close(state) }, "Close"));
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
  const take = (what) => { state.open.parts = what; preview(state, beat); state.draw(); };
  return h("div", { key: "regenerate", class: "change" },
    h("fieldset", { class: "field" }, h("legend", {}, "What is made anew"),
      h("div", { class: "checks" }, PARTS.filter(([what]) => what !== "voice" || beat.voice).map(([what, words]) =>
        h("label", { class: "check", key: what }, h("input", { type: "radio", name: `anew-${beat.beat}`,
          checked: parts === what, onchange: () => take(what) }), h("span", {}, words))))),
    drawOffer(state),
    drawEnd(state, "Make it anew", { type: "button",
      onclick: () => apply(state, beat, "POST", "/regenerate", { what: parts }) }));
}

function drawSkip(state, beat) {
  const back = beat.skipped;
  return h("div", { key: "skip", class: "change" },
    h("p", {}, back ? "Take this beat into the film again?" : "Leave this beat out of the film? It may come back."),
    drawOffer(state),
    drawEnd(state, back ? "Take it back" : "Leave it out", { type: "button", onclick: () => (back
      ? apply(state, beat, "PATCH", "", { skipped: false })
      : apply(state, beat, "POST", "/skip")) }));
}

function drawTakes(state, beat) {
  const { takes, problem } = state.open;
  if (problem) return h("div", { key: "takes", class: "change" }, drawRefusal(problem.message), drawEnd(state));
  return h("div", { key: "takes", class: "change" },
    takes ? h("ul", { class: "takes", "aria-label": "Takes" }, takes.flatMap((take) =>
      take.kind === "image" && take.urls.length > 1
        ? take.urls.map((_, number) => drawTake(state, beat, take, number))
        : [drawTake(state, beat, take, 0)]))
      : h("p", { class: "soft" }, "Loading …"),
    h("p", { class: "soft small" }, "A take that was made once is chosen again at no cost."),
    drawEnd(state));
}

function drawTake(state, beat, take, number) {
  const name = `${sentence(take.kind)}, take ${take.take + 1}`;
  const chosen = take.is_chosen && (take.image === null || take.image === number);
  const wish = { kind: take.kind, take: take.take };
  if (take.image !== null) wish.image = number;
  return h("li", { key: `${take.kind}-${take.take}-${number}` },
    drawTaken(take, number, name),
    h("p", {}, name),
    chosen ? h("p", {}, h("span", { class: "pill completed" }, "In the film"))
      : h("button", { type: "button", disabled: !take.is_ready || state.busy !== null,
        "aria-label": `Use ${name}`,
        onclick: () => apply(state, beat, "POST", "/choose", wish) }, take.is_ready ? "Use it" : "Not made"));
}

function drawTaken(take, number, name) {
  const media = take.urls[number];
  const look = { media, "aria-label": name, controls: true, preload: "metadata" };
  if (!media) return h("div", { class: "picture" }, h("span", { class: "soft" }, "not made"));
  if (take.kind === "clip") return h("video", { ...look, muted: true, playsinline: true });
  if (take.kind === "voice") return [h("audio", look), h("p", { class: "soft" }, take.narration)];
  return h("div", { class: "picture" }, h("img", { media, alt: name }));
}

// ── what a change would lead to ───────────────────────────────────────────────────────────────

function drawOffer({ open }, meanwhile = "Looking what it leads to …") {
  if (open.problem) return h("div", { key: "offer" }, drawRefusal(open.problem.message, open.problem.errors));
  if (!open.offer) return h("div", { key: "offer", class: "notice soft" }, h("p", {}, meanwhile));
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
  const turn = (open.turn || 0) + 1;
  open.turn = turn;
  let found = {};
  try {
    if (body === undefined || Object.keys(body).length) {
      found = { offer: await ask(method, `${at(state, beat)}${to}?dry_run=true`, body) };
    }
  } catch (error) {
    found = { problem: error };
  }
  if (open.turn !== turn) return; // asked anew meanwhile
  Object.assign(open, { offer: null, problem: null }, found);
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
    close(state);
    return;
  }
  const { open } = state;
  await state.act("change", method, `/beats/${beat.beat}${to}`, body);
  if (state.refusal) { // it is told where it was asked for
    [state.open, open.problem, state.refusal] = [open, state.refusal, null];
    state.draw();
  }
}
