// The form for a new video: a prompt, a script or a product, and what it would cost.

import { ask, choices, makeKey, takes } from "./api.js";
import { h, later, say, show } from "./dom.js";
import { drawPrice, drawRefusal } from "./price.js";
import { field, pick, switches, textArea, textInput } from "./fields.js";
import { count } from "./words.js";

const IDEAS = [
  "A lighthouse keeper who paints the sea",
  "How bees tell each other where to go",
  "Lisbon in spring",
];

const SOURCES = [
  ["prompt", "Prompt", "Say it in a sentence or more."],
  ["script", "Script", "A film's text becomes its trailer."],
  ["product", "Product", "A picture and a name become an ad."],
];

/** Returns the form; it prices what is typed into it until it is stopped. */
export function buildForm(signal) {
  const form = h("form", { class: "maker", novalidate: true, "aria-labelledby": "form-title" });
  const state = { source: "prompt", form, key: makeKey(), given: new Map(), asked: 0, signal };
  const sources = SOURCES.map(([name]) => h("div", { class: "source", hidden: name !== "prompt" }));
  const price = h("div", { class: "price", role: "status", "aria-live": "polite" });
  const problem = h("div", {});
  const button = h("button", { type: "submit", class: "main" }, "Make the video");
  const priceSoon = later(400, () => updatePrice(state, price));
  form.append(...[
    h("h1", { id: "form-title" }, "What should the video show?"),
    chooseSource(state, (chosen) => {
      SOURCES.forEach(([name], n) => { sources[n].hidden = name !== chosen; });
      priceSoon();
    }),
    sources,
    buildBasics(),
    buildOptions(),
    problem,
    h("div", { class: "maker-end" }, price, button),
  ].flat());
  form.oninput = () => { state.key = makeKey(); priceSoon(); };
  form.onsubmit = (event) => { event.preventDefault(); submit(state, button, problem); };
  SOURCES.forEach(([name], n) => sources[n].append(...SOURCE_FIELDS[name](state, priceSoon).filter(Boolean)));
  show(price, ...drawPrice(null));
  return form;
}

function chooseSource(state, changed) {
  return h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, "Made from"),
    SOURCES.map(([name, label, hint]) => h("label", { title: hint },
      h("input", { type: "radio", name: "source", value: name, checked: name === "prompt",
        onchange: () => { state.source = name; changed(name); } }),
      h("span", {}, label))));
}

const SUITED = { "": "As it suits" };

const SOURCE_FIELDS = {
  prompt: (state) => [
    textArea("prompt", "What the video should show", { rows: 4, maxlength: 4000,
      hint: "People, places, what happens, what is said. The rest is planned for you.",
      placeholder: IDEAS[0] }),
    h("p", { class: "ideas", key: "ideas" }, h("span", { class: "soft" }, "Try: "),
      IDEAS.map((idea) => h("button", { type: "button", class: "chip", onclick: () => {
        const box = state.form.elements.prompt;
        box.value = idea;
        box.focus();
        box.dispatchEvent(new Event("input", { bubbles: true }));
      } }, idea))),
  ],
  script: (state, changed) => [
    textArea("script", "The script", { rows: 8, maxlength: 60000,
      hint: "Fountain, Markdown or plain text. Longer ones, FDX and PDF: choose the file.",
      placeholder: "INT. LIGHTHOUSE - NIGHT\n\nMARA, 60, lights the lamp." }),
    fileField(state, "script-file", "Or a file", ".fountain,.md,.txt,.fdx,.pdf", changed),
  ],
  product: (state, changed) => [
    textInput("product_name", "Name of the product", { placeholder: "AirFlex", maxlength: 60 }),
    fileField(state, "picture", "Picture", "image/png,image/jpeg,image/webp", changed),
    takes("product") && textInput("about", "What it is", { maxlength: 500,
      placeholder: "a running shoe made of recycled fishing nets" }),
    textArea("facts", "What is true of it", { rows: 3, maxlength: 2000,
      hint: "One fact a line. Nothing else is claimed.",
      placeholder: "Weighs 180 grams\nMade of recycled rubber" }),
    h("div", { class: "row", key: "offer" },
      takes("product") && textInput("product_price", "Price", { placeholder: "$89.90", maxlength: 40 }),
      takes("product") && textInput("offer", "Offer", { placeholder: "20 % off in May", maxlength: 120 }),
      textInput("cta", "Call to action", { placeholder: "Shop now", maxlength: 120 })),
  ],
};

/** Returns a field for a file, which is sent as soon as it is chosen: so what is wrong with it is
 * said before anything else. */
function fileField(state, name, label, accept, changed) {
  const note = h("p", { class: "soft hint", id: `h-${name}`, role: "status" });
  const choose = async (event) => {
    const [file] = event.target.files;
    state.given.delete(name);
    note.textContent = file ? "Sending …" : "";
    note.className = "soft hint";
    try {
      if (file) state.given.set(name, await SENDERS[name](file));
      if (file) note.textContent = describeGiven(state.given.get(name));
    } catch (error) {
      note.textContent = error.message;
      note.className = "hint bad-text";
      event.target.value = "";
    }
    changed();
  };
  return h("div", { class: "field", key: name }, h("label", { for: `f-${name}` }, label),
    h("input", { type: "file", id: `f-${name}`, name, accept, "aria-describedby": note.id,
      onchange: (event) => { state.sending = choose(event); } }), note);
}

const SCRIPT_TYPES = { fdx: "application/xml", pdf: "application/pdf", md: "text/markdown" };
const endOf = (file) => file.name.split(".").pop().toLowerCase();

const SENDERS = {
  "script-file": (file) => upload(file, SCRIPT_TYPES[endOf(file)] || "text/x-fountain"),
  picture: (file) => upload(file, file.type || "image/png"),
};

async function upload(file, type) {
  return ask("POST", "/v1/uploads", file, { "Content-Type": type });
}

function describeGiven({ title, scenes, characters, width, height }) {
  if (!scenes) return `${width} × ${height} pixels`;
  return `${title || "A script"}: ${count(scenes, "scene")}, ${count(characters, "character")}`;
}

function buildBasics() {
  return h("div", { class: "row basics" },
    field("duration", "Length in seconds", h("input", { id: "f-duration", name: "duration",
      type: "number", min: 5, max: 180, step: 1, value: 30, inputmode: "numeric" })),
    switches("aspect", "Shape", [["9:16", "Tall"], ["16:9", "Wide"], ["1:1", "Square"]], "9:16"),
    pick("style", "Style", ["", ...choices("style")], "", SUITED));
}

function buildOptions() {
  return h("details", { class: "options" }, h("summary", {}, "More choices"),
    h("div", { class: "row" },
      pick("quality", "Quality", ["", ...choices("quality")], "",
        { ...SUITED, draft: "Draft, 720p", full: "Full, 1080p" }),
      pick("captions", "Captions", choices("captions"), "karaoke"),
      pick("transition", "Between beats", choices("transition"), "auto"),
      pick("tier", "Models", ["", ...choices("tier")], "", { "": "As the server is set" }),
      // from pictures that there are, a video is made by the API only: the form gives none
      pick("workflow", "Make", choices("workflow").filter((name) => name !== "video_only"), "full",
        { full: "The film", plan_only: "Only the plan", storyboard_only: "Only the storyboard" })),
    takes("review") && h("fieldset", { class: "field" }, h("legend", {}, "Ask me to approve"),
      h("div", { class: "row checks" },
        check("review_plan", "The plan", false), check("review_storyboard", "The storyboard", false))),
    h("div", { class: "row checks" },
      check("voice", "Voice", true), check("music", "Music", true), check("card", "End card", true)),
    h("div", { class: "row" },
      textInput("budget", "Most it may cost, in dollars",
        { inputmode: "decimal", placeholder: "2.50", maxlength: 14 }),
      pick("on_cap", "When the money is spent", choices("on_cap"), "pause",
        { pause: "Wait for more", finish: "Finish with what there is" })));
}

function check(name, label, on) {
  return h("label", { class: "check" },
    h("input", { type: "checkbox", name, checked: on }), h("span", {}, label));
}

// ── the request ───────────────────────────────────────────────────────────────────────────────

function readForm(state) {
  const at = state.form.elements;
  const text = (name) => at[name]?.value.trim() || "";
  const body = {
    duration: Number(at.duration.value),
    aspect: at.aspect.value,
    captions: at.captions.value,
    transition: at.transition.value,
    voice: at.voice.checked,
    music: at.music.checked,
    on_cap: at.on_cap.value,
  };
  if (!at.card.checked) body.end_card = null;
  if (text("budget")) body.budget = text("budget").replace(",", ".");
  const reviews = ["plan", "storyboard"].filter((name) => at[`review_${name}`]?.checked);
  if (reviews.length) body.review = reviews;
  for (const name of ["style", "quality", "tier", "workflow"]) if (text(name)) body[name] = text(name);
  READERS[state.source](body, text, state);
  return body;
}

const READERS = {
  prompt: (body, text) => { body.prompt = text("prompt"); },
  script: (body, text, state) => { body.script = state.given.get("script-file")?.id || text("script"); },
  product: (body, text, state) => {
    const facts = text("facts").split("\n").map((line) => line.trim()).filter(Boolean);
    if (takes("product")) {
      body.product = { name: text("product_name"), facts };
      const wishes = { about: text("about"), picture: state.given.get("picture")?.id, price: text("product_price"), offer: text("offer"),
        call_to_action: text("cta") };
      for (const [name, value] of Object.entries(wishes)) if (value) body.product[name] = value;
      return;
    }
    body.prompt = [text("product_name"), ...facts].filter(Boolean).join(". ");
    if (body.end_card === null) return;
    body.end_card = { headline: text("product_name"), call_to_action: text("cta") };
    const picture = state.given.get("picture");
    if (picture) body.end_card.product_image = picture.id;
  },
};

const isEmpty = (body) => !(body.prompt || body.script || body.product?.name);

async function updatePrice(state, place) {
  const turn = ++state.asked;
  let found = null;
  try {
    const body = readForm(state);
    if (!isEmpty(body)) found = { offer: await ask("POST", "/v1/estimates", body) };
  } catch (error) {
    found = { error };
  }
  const allow = (budget) => {
    state.form.elements.budget.value = budget;
    state.form.querySelector(".options").open = true;
    state.form.oninput();
  };
  if (turn === state.asked && !state.signal.aborted) show(place, ...drawPrice(found, allow));
}

async function submit(state, button, problem) {
  await state.sending;
  if (isEmpty(readForm(state))) {
    show(problem, drawRefusal("Say first what the video should show."));
    state.form.querySelector(".source:not([hidden]) :is(textarea, input)").focus();
    return;
  }
  button.disabled = true;
  button.textContent = "Sending …";
  try {
    const made = await ask("POST", "/v1/videos", readForm(state), { "Idempotency-Key": state.key });
    say("The video is being made.");
    location.hash = `#/videos/${encodeURIComponent(made.id)}`;
  } catch (error) {
    show(problem, drawRefusal(error.message, error.errors));
    problem.firstElementChild.focus();
  }
  button.disabled = false;
  button.textContent = "Make the video";
}
