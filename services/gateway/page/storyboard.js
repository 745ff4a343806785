// The storyboard: a card for each beat, with its picture, its words, and what can be changed.

import { findMedia } from "./api.js";
import { h } from "./dom.js";
import { drawChange, drawTools } from "./change.js";
import { place, sentence } from "./words.js";

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
      board.beats.map((beat) => drawBeat(state, beat)),
      board.card && h("li", { class: "beat", key: "card" },
        drawPicture(board.card, "Behind the end card", state),
        h("div", { class: "beat-text" }, h("h3", {}, "End card"),
          h("p", { class: "soft" }, state.video.request.end_card?.headline || board.title)))),
  ];
}

function drawEmpty({ video }) {
  if (["failed", "cancelled"].includes(video.status)) {
    return h("p", { class: "soft", key: "none" }, "It has no plan.");
  }
  return [h("p", { class: "soft", key: "none" }, "It is being planned. Each beat appears here with its picture."),
    h("ol", { class: "beats", key: "beats", "aria-hidden": "true" }, Array.from({ length: 4 }, (_, n) =>
      h("li", { class: "beat", key: `ghost-${n}` }, h("div", { class: "picture ghost" }))))];
}

function drawBeat(state, beat) {
  const name = `Beat ${beat.beat}`;
  return h("li", { class: `beat${beat.skipped ? " skipped" : ""}`, key: beat.beat },
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
      drawTools(state, beat)),
    drawChange(state, beat));
}

function drawPicture(part, words, state, look = "", beat = null) {
  const isDrawn = part.state === "waiting" && isRunning(state, part, beat);
  return h("div", { class: `picture ${part.state} ${look}` },
    part.url ? h("img", { media: `${part.url}?small=true`, alt: words, key: part.url })
      : h("span", { class: "soft" }, part.state === "failed" ? "no picture"
        : isDrawn ? "being drawn" : "waits"));
}

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
      beat.voice && (beat.voice.url ? drawVoice(state, beat) : drawChip("Voice", beat.voice.state)),
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

/** Returns the button that lets a beat's voice be heard; one is heard at a time. */
function drawVoice(state, beat) {
  const isHeard = state.heard === beat.voice.url;
  const stop = () => { sound.pause(); state.heard = null; state.draw(); };
  const play = async () => {
    state.heard = beat.voice.url;
    sound.src = await findMedia(beat.voice.url);
    sound.onended = stop;
    await sound.play().catch(stop);
    state.draw();
  };
  return h("li", {}, h("button", { type: "button", class: "chip-of ready", onclick: isHeard ? stop : play,
    "aria-label": `${isHeard ? "Stop" : "Play"} the voice of beat ${beat.beat}` },
  h("span", { class: "sign", "aria-hidden": "true" }, isHeard ? "■" : "▶"), "Voice"));
}

const SIGNS = { ready: "✓", failed: "!", waiting: "·" };

function joinStates(parts) {
  if (parts.some((part) => part.state === "failed")) return "failed";
  return parts.every((part) => part.state === "ready") ? "ready" : "waiting";
}
