// What can be chosen of a video besides what it shows: how far it is made, how it looks and sounds,
// what it may cost. What nobody touches is left to the server, and to the wishes in a prompt.

import { choices, takes } from "./api.js";
import { h } from "./dom.js";
import { field, pick, switches, textInput } from "./fields.js";

const SUITED = { "": "As it suits" };

/** Returns the choices that most videos need. */
export function buildBasics() {
  return h("div", { class: "row basics" },
    field("duration", "Length in seconds", h("input", { id: "f-duration", name: "duration",
      type: "number", min: 5, max: 180, step: 1, value: 30, inputmode: "numeric" })),
    switches("aspect", "Shape", [["9:16", "Tall"], ["16:9", "Wide"], ["1:1", "Square"]], "9:16"),
    pick("style", "Style", ["", ...choices("style")], "", SUITED));
}

/** Returns all other choices. */
export function buildOptions() {
  return h("details", { class: "options", id: "more" }, h("summary", {}, "More choices"),
    group("far", "How far",
      h("div", { class: "row" },
        // from pictures that there are, a video is made by the API only: the form gives no plan
        pick("workflow", "Make", choices("workflow").filter((name) => name !== "video_only"), "full",
          { full: "The film", plan_only: "Only the plan", storyboard_only: "Only the storyboard" }),
        takes("review") && h("fieldset", { class: "field wide" },
          h("legend", {}, "Stop there, until I approve"),
          h("div", { class: "checks" },
            check("review_plan", "The plan", false), check("review_storyboard", "The storyboard", false))))),
    group("look", "Look and sound",
      h("div", { class: "row" },
        pick("quality", "Quality", ["", ...choices("quality")], "",
          { ...SUITED, draft: "Draft, 720p", full: "Full, 1080p" }),
        pick("captions", "Captions", choices("captions"), "karaoke"),
        pick("transition", "Between beats", choices("transition"), "auto", { auto: "As it suits" })),
      h("div", { class: "checks" },
        check("voice", "Voice", true), check("music", "Music", true), check("card", "End card", true))),
    group("money", "Money",
      h("div", { class: "row" },
        pick("tier", "Models", ["", ...choices("tier")], "", { "": "As the server is set" }),
        textInput("budget", "Most it may cost, in dollars",
          { inputmode: "decimal", placeholder: "2.50", maxlength: 14 }),
        pick("on_cap", "When that is spent", choices("on_cap"), "pause",
          { pause: "Wait for more", finish: "Finish with what there is" }))));
}

const group = (name, title, ...inside) => h("div", { class: "group", role: "group", "aria-labelledby": `g-${name}` },
  h("h2", { id: `g-${name}` }, title), inside);

function check(name, label, on) {
  return h("label", { class: "check" },
    h("input", { type: "checkbox", name, checked: on }), h("span", {}, label));
}

const USUAL = { duration: "30", aspect: "9:16", captions: "karaoke", transition: "auto", on_cap: "pause",
  style: "", quality: "", tier: "", workflow: "full", budget: "" };

/** Returns the fields of a request that were chosen here, by their names. */
export function readChoices(at) {
  const chosen = {};
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = at[name]?.value.trim() ?? usual;
    if (value !== usual) chosen[name] = READ[name]?.(value) ?? value;
  }
  for (const name of ["voice", "music"]) if (!at[name].checked) chosen[name] = false;
  if (!at.card.checked) chosen.end_card = null;
  const review = ["plan", "storyboard"].filter((name) => at[`review_${name}`]?.checked);
  return review.length ? { ...chosen, review } : chosen;
}

const READ = { duration: Number, budget: (text) => text.replace(",", ".") };
