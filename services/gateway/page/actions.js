// What can be asked of a whole video now: the buttons, and what to do where it is in trouble.

import { can } from "./api.js";
import { h } from "./dom.js";
import { drawRefusal } from "./price.js";
import { drawSteps } from "./steps.js";
import { ceilCents, count, money, readDollars, sentence, stageWords } from "./words.js";

const ONE = "/v1/videos/{video_id}";

// what to do, what the button says, how it looks, what is sent: with it, or after a question
const BUTTONS = [
  // what is approved is what is shown here: if it has changed meanwhile, the answer says so
  ["approve", ({ awaiting }) => `Approve the ${awaiting}`, "main", ({ awaiting, rev }) => ({ what: awaiting, rev })],
  ["continue", () => "Go on to the film", "main", () => ({ workflow: "full" })],
  ["continue", () => "Draw the storyboard", "", () => ({ workflow: "storyboard_only" }),
    ({ workflow }) => workflow === "plan_only"],
  ["resume", () => "Resume", "main"],
  ["retry", () => "Try again", "main"],
  ["pause", () => "Pause", ""],
  ["cancel", () => "Cancel", "quiet danger"],
  ["delete", () => "Delete", "quiet danger"],
];

const ASKED_FIRST = {
  cancel: { question: "Cancel this video? What is finished is kept, and it can be tried again.",
    yes: "Cancel the video", no: "Let it go on", method: "POST", to: "/cancel" },
  delete: { question: "Delete this video, with everything that belongs to it? There is no way back.",
    yes: "Delete the video", no: "Keep it", method: "DELETE", to: "" },
};

/** Returns a button for each thing that the status of the video allows. */
export function drawActions(state) {
  const { video } = state;
  return h("div", { class: "actions" },
    // what comes later stands at the left: what was there before does not move
    (video.actions || []).includes("skip_step") && can(`POST ${ONE}/skip`) && drawSteps(state),
    isOffered(video, "reframe") && drawReframe(state),
    BUTTONS.map((button) => drawButton(state, button)));
}

function drawButton(state, [name, label, look, body, suits = () => true]) {
  const { video, busy } = state;
  if (!isOffered(video, name) || !suits(video)) return null;
  const words = label(video);
  return h("button", {
    type: "button", key: words, class: look, disabled: busy !== null,
    onclick: () => (name in ASKED_FIRST ? askFirst(state, name)
      : state.act(words, "POST", `/${name}`, body?.(video))),
  }, busy === words ? "Asking …" : words);
}

const isOffered = (video, name) =>
  (video.actions || []).includes(name)
  && can(name === "delete" ? `DELETE ${ONE}` : `POST ${ONE}/${name}`)
  && !(name === "delete" && video.status === "deleting");

function drawReframe(state) {
  const others = ["9:16", "16:9", "1:1"].filter((aspect) => aspect !== state.video.aspect);
  return h("details", { class: "menu", key: "reframe" }, h("summary", { class: "button" }, "Reshape"),
    h("div", { class: "menu-inside" },
      h("p", { class: "soft" }, "The same film in another shape. Nothing is generated again."),
      others.map((aspect) => h("button", { type: "button", disabled: state.busy !== null,
        onclick: (event) => {
          event.target.closest("details").open = false;
          state.act("reframe", "POST", "/reframe", { aspect });
        } }, aspect))));
}

function askFirst(state, name) {
  state.open = { what: name };
  state.draw();
  document.querySelector(".confirm button")?.focus();
}

/** Returns what stands in the way of the video, and how to go on. */
export function drawTrouble(state) {
  const { video, open, refusal } = state;
  return [
    refusal && h("div", { key: "refusal" }, drawRefusal(refusal.message, refusal.errors)),
    open?.what in ASKED_FIRST && drawConfirm(state),
    video.status === "deleting" && h("div", { class: "notice info", key: "deleting" },
      h("p", {}, h("strong", {}, "It is being deleted. "),
        "What runs at a provider is ended and paid first.")),
    video.status === "failed" && drawFailed(video),
    video.status === "awaiting_approval" && h("div", { class: "notice info", key: "gate" },
      h("p", {}, h("strong", {}, `Look at the ${video.awaiting} before more is made. `),
        REVIEWS[video.awaiting], " Change what you want below; it goes on when you approve.")),
    video.exceeded && drawExceeded(state),
  ];
}

function drawFailed({ failed_at: at, error, chunks, actions }) {
  const lost = at?.phase === "clips" ? chunks?.failed || [] : [];
  const where = at && [stageWords(at.phase).toLowerCase(), !lost.length && at.item].filter(Boolean).join(", ");
  return h("div", { class: "notice bad", key: "failed" },
    h("p", {}, h("strong", {}, where ? `It failed at ${where}. ` : "It failed. "),
      sentence(lost.length ? `${error.split(": ")[0]}:` : error)),
    lost.length > 0 && h("ul", {}, lost.map((one) => h("li", {}, `Clip ${one.chunk}, of beat ${one.beat}: ${one.error}`))),
    actions.includes("retry") && h("p", {}, "What is made stays. Change what was refused, or try again: only what is missing is made."));
}

const REVIEWS = {
  plan: "Nothing is drawn or spoken before.",
  storyboard: "No clip is made before.",
};

function drawConfirm(state) {
  const { what } = state.open;
  const { question, yes, no, method, to } = ASKED_FIRST[what];
  return h("div", { class: "notice warn confirm", role: "alertdialog", key: "confirm",
    "aria-labelledby": "confirm-text" },
  h("p", { id: "confirm-text" }, question),
  h("div", { class: "actions" },
    h("button", { type: "button", class: "danger", onclick: () => state.act(what, method, to) }, yes),
    h("button", { type: "button", onclick: () => { state.open = null; state.draw(); } }, no)));
}

function drawExceeded(state) {
  const { exceeded } = state.video;
  const needed = ceilCents(String(readDollars(exceeded.current) + readDollars(exceeded.estimate)));
  return h("form", { class: "notice warn", key: "exceeded", onsubmit: (event) => {
    event.preventDefault();
    const budget = event.target.elements.budget.value.trim().replace(",", ".");
    state.act("budget", "PATCH", "", { budget });
  } },
  h("p", {}, h("strong", {}, "It waits for money. "), tellExceeded(exceeded)),
  h("div", { class: "inline" },
    h("label", { for: "f-raise" }, "Let it cost at most, in dollars"),
    h("input", { id: "f-raise", name: "budget", inputmode: "decimal", value: needed, keep: "raise" }),
    h("button", { class: "main", disabled: state.busy !== null }, "Go on")));
}

function tellExceeded({ current, estimate, cap, fits }) {
  if (cap === null) return `Up to ${money(estimate)} is to come, and it has no budget.`;
  const enough = [fits?.duration && `a film of ${Math.floor(fits.duration)} s`, fits?.tier && `models of the tier ${fits.tier}`,
    fits?.clips && count(fits.clips, "clip")].filter(Boolean);
  return `${money(current)} is spent or held and up to ${money(estimate)} is to come, more than its budget of ${money(cap)}.`
    + (enough.length ? ` That would do for ${enough.join(", or ")}.` : "");
}
