// Steps that a video can go on without, as long as they are not made: and those that it does without.

import { h } from "./dom.js";

/** Returns the menu of steps, each to be skipped or taken back; none where there is no such step. */
export function drawSteps(state) {
  const steps = state.storyboard ? listSteps(state.storyboard) : [];
  const open = steps.filter(({ part }) => part && part.state !== "ready");
  if (!open.length) return null;
  return h("details", { class: "menu", key: "steps" }, h("summary", { class: "button" }, "Skip a step"),
    h("div", { class: "menu-inside" },
      h("p", { class: "soft" }, "The video goes on without it. What is skipped can be taken back."),
      h("ul", { class: "steps" }, open.map((step) => drawStep(state, step)))));
}

function listSteps({ music, card, references, beats }) {
  const drawn = references.map((one) => one.image);
  return [
    { name: "The music", part: music, asked: { step: "music" } },
    { name: "The picture behind the end card", part: card, asked: { step: "card" } },
    { name: "The pictures drawn alone", part: drawn.find((part) => part.state !== "ready"), asked: { step: "reference" } },
    ...beats.filter((beat) => !beat.skipped).flatMap((beat) => [
      { name: `The voice of beat ${beat.beat}`, part: beat.voice, asked: { step: "voice", beat: beat.beat } },
      ...beat.clips.map((clip) => (
        { name: `Clip ${clip.chunk}, of beat ${beat.beat}`, part: clip, asked: { step: "clip", chunk: clip.chunk } })),
    ]),
  ];
}

function drawStep(state, { name, part, asked }) {
  const back = part.state === "skipped";
  return h("li", { key: name }, h("span", {}, name, h("span", { class: "soft" }, `, ${part.state}`)),
    h("button", { type: "button", class: "quiet", disabled: state.busy !== null,
      "aria-label": `${back ? "Take back" : "Skip"}: ${name.toLowerCase()}`,
      onclick: () => state.act("step", "POST", "/skip", back ? { ...asked, back } : asked) },
    back ? "Take back" : "Skip"));
}
