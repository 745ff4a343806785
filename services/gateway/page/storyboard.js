// The storyboard: a card for each beat, with its picture, its words, and what can be changed.

import { findMedia } from "./api.js";
import { h } from "./dom.js";
import { drawChange, drawTools } from "./change.js";
import { ENDED, place, sentence } from "./words.js";

/** Returns the beats; until there is a plan, empty places for them. */
export function drawStoryboard(state) {
  const board = state.storyboard;
  if (!board || !board.beats.length) return drawEmpty(state);
  return [
    board.references.length > 0 && h("ul", { class: "cast", key: "cast", "aria-label": "Drawn alone, so that all pictures show the same" },
      board.references.map((one) => h("li", { key: one.name },
        drawPicture(one.image, `${one.name}, drawn alone`, state, "face"),
        h("span", {}, one.name)))),
    h("ol", { class: "beats", key: "beats" },
      board.beats.flatMap((beat) => [drawBeat(state, beat), drawChange(state, beat)]),
      board.card && h("li", { class: "beat", key: "card" },
        drawPicture(board.card, "Behind the end card", state),
        h("div", { class: "beat-text" }, h("h3", {}, "End card"),
          h("p", { class: "soft" }, state.video.request.end_card?.headline || board.title)))),
  ];
}

/** Returns what there is of the film as a whole, besides its beats. */
export const drawWhole = (state) => state.storyboard?.music && h("ul", { class: "parts", "aria-label": "Of the whole film" },
  drawSound(state, state.storyboard.music, "Music", "the music"));

function drawEmpty({ video }) {
  if (["failed", "cancelled"].includes(video.status)) {
    return h("p", { class: "soft", key: "none" }, "It has no plan.");
  }
  return [h("p", { class: "soft", key: "none" }, "It is being planned. Each beat appears here with its picture."),
    h("ol", { class: "beats", key: "beats", "aria-hidden": "true" }, Array.from({ length: 4 }, (_, n) =>
      h("li", { class: "beat", key: `ghost-${n}` }, h("div", { class: "picture ghost" }), h("div", { class: "ghost words" }))))];
}

function drawBeat(state, beat) {
  const name = `Beat ${beat.beat}`;
  const looks = [beat.skipped && "skipped", state.open?.beat === beat.beat && "changing"].filter(Boolean);
  return h("li", { class: ["beat", ...looks].join(" "), key: beat.beat },
    beat.image ? drawPicture(beat.image, `${name}: ${beat.prompt}`, state, "", beat.beat)
      : h("div", { class: "picture" }, h("span", { class: "soft" }, "left out")),
    h("div", { class: "beat-text" },
      h("p", { class: "beat-head" }, h("strong", {}, name),
        h("span", { class: "soft" }, `${place(beat.start)} – ${place(beat.start + beat.seconds)}`)),
      beat.narration && h("p", { class: "said" }, beat.speaker && h("b", {}, `${sentence(beat.speaker)}: `),
        beat.narration),
      h("details", { class: "small", key: "more" }, h("summary", {}, "What is seen"),
        h("p", { class: "soft" }, beat.prompt),
        beat.why && h("p", { class: "soft" }, `Why it is here: ${beat.why}`)),
      drawParts(state, beat),
      drawTools(state, beat)));
}

function drawPicture(part, words, state, look = "", beat = null) {
  const isDrawn = part.state === "waiting" && isRunning(state, part, beat);
  const isStill = part.state === "waiting" && !isDrawn && RESTING.has(state.video.status);
  return h("div", { class: `picture ${isStill ? "" : part.state} ${look}` },
    part.url ? h("img", { media: `${part.url}?small=true`, alt: words, key: part.url })
      : h("span", { class: "soft" }, isDrawn ? "being drawn"
        : NO_PICTURE[part.state] || (isStill ? "not drawn" : "waits")));
}

const NO_PICTURE = { failed: "no picture", skipped: "done without" };
const RESTING = new Set([...ENDED, "awaiting_approval", "paused", "budget_exceeded"]);

// Only the timeline tells what waits from what runs.
const isRunning = ({ timeline }, part, beat) => (timeline?.bars || []).some((bar) =>
  bar.state === "running" && bar.kind === "image" && bar.beat === beat && bar.take === part.take);

function drawParts(state, beat) {
  const made = beat.clips.filter((clip) => clip.state === "ready").length;
  const failed = [beat.image, beat.voice, ...beat.clips].filter((part) => part?.state === "failed");
  const doubts = beat.clips.flatMap((clip) => clip.doubts);
  return [
    h("ul", { class: "parts", key: "parts", "aria-label": "What there is of it" },
      beat.image && drawChip("Image", beat.image.state),
      beat.voice && drawSound(state, beat.voice, "Voice", `the voice of beat ${beat.beat}`),
      beat.clips.length > 0 && drawChip(beat.clips.length > 1
        ? `Clips ${made} of ${beat.clips.length}` : "Clip", joinStates(beat.clips))),
    failed.length > 0 && h("p", { class: "bad-text small", key: "failed" }, failed[0].error),
    doubts.length > 0 && h("p", { class: "warn-text small", key: "doubts" },
      `Its clip ${doubts.join(", ")}`),
  ];
}

const drawChip = (name, state) => h("li", { class: `chip-of ${state}` },
  h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[state]), name,
  h("span", { class: "unseen" }, `: ${state}`));

const sound = new Audio();

/** Returns the button that lets a sound be heard, once it is made; one is heard at a time. */
function drawSound(state, part, label, name) {
  if (!part.url) return drawChip(label, part.state);
  const isHeard = state.heard === part.url;
  const stop = () => { sound.pause(); state.heard = null; state.draw(); };
  const play = async () => {
    state.heard = part.url;
    sound.src = await findMedia(part.url);
    sound.onended = stop;
    await sound.play().catch(stop);
    state.draw();
  };
  return h("li", {}, h("button", { type: "button", class: "chip-of ready", onclick: isHeard ? stop : play,
    "aria-label": `${isHeard ? "Stop" : "Play"} ${name}` },
  h("span", { class: "sign", "aria-hidden": "true" }, isHeard ? "■" : "▶"), label));
}

const SIGNS = { ready: "✓", failed: "!", waiting: "·", skipped: "–" };

function joinStates(parts) {
  const states = new Set(parts.map((part) => part.state));
  return ["failed", "waiting", "skipped"].find((state) => states.has(state)) || "ready";
}
