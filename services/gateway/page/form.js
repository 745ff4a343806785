// The form for a new video: a prompt, a script or a product, and what it would cost.

import { ask, can, choices, makeKey, takes } from "./api.js";
import { h, later, say, show } from "./dom.js";
import { drawPrice, drawRefusal } from "./price.js";
import { field, pick, switches, textArea, textInput } from "./fields.js";

const IDEAS = [
  "A lighthouse keeper who paints the sea",
  "How honey bees tell each other where to go",
  "Three reasons to visit Lisbon in spring",
];

const SOURCES = [
  ["prompt", "Prompt", "Say it in a sentence or more."],
  ["script", "Script", "A film's text becomes its trailer."],
  ["product", "Product", "A picture and a name become an ad."],
];

/** Returns the form; it prices what is typed into it until it is stopped. */
export function buildForm(signal) {
  const form = h("form", { class: "maker", novalidate: true, "aria-labelledby": "form-title" });
  const state = { source: "prompt", form, key: makeKey(), files: new Map(), asked: 0, signal };
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
  SOURCES.forEach(([name], n) => sources[n].append(...SOURCE_FIELDS[name](state, priceSoon).flat()));
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

const SOURCE_FIELDS = {
  prompt: (state, changed) => [
    textArea("prompt", "What the video should show", { rows: 4, maxlength: 4000,
      hint: "People, places, what happens, what is said. The rest is planned for you.",
      placeholder: IDEAS[0] }),
    h("p", { class: "ideas", key: "ideas" }, h("span", { class: "soft" }, "Try: "),
      IDEAS.map((idea) => h("button", { type: "button", class: "chip", onclick: () => {
        const box = state.form.elements.prompt;
        box.value = idea;
        box.focus();
        changed();
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
    textArea("facts", "What is true of it", { rows: 3, maxlength: 2000,
      hint: "One fact a line. Nothing else is claimed.",
      placeholder: "Weighs 180 grams\nMade of recycled rubber" }),
    h("div", { class: "row", key: "offer" },
      takes("product") && textInput("product_price", "Price", { placeholder: "89.90", maxlength: 40 }),
      takes("product") && textInput("offer", "Offer", { placeholder: "20 % off in May", maxlength: 120 }),
      textInput("cta", "Call to action", { placeholder: "Shop now", maxlength: 120 })),
  ],
};

function fileField(state, name, label, accept, changed) {
  const input = h("input", { type: "file", id: `f-${name}`, name, accept, keep: name,
    onchange: (event) => { state.files.set(name, event.target.files[0]); changed(); } });
  return h("div", { class: "field", key: name }, h("label", { for: `f-${name}` }, label), input);
}

function buildBasics() {
  return h("div", { class: "row basics" },
    field("duration", "Length in seconds", h("input", { id: "f-duration", name: "duration",
      type: "number", min: 5, max: 180, step: 1, value: 30, inputmode: "numeric" })),
    switches("aspect", "Shape", [["9:16", "Tall"], ["16:9", "Wide"], ["1:1", "Square"]], "9:16"),
    pick("style", "Style", choices("style"), "cinematic"));
}

function buildOptions() {
  return h("details", { class: "options" }, h("summary", {}, "More choices"),
    h("div", { class: "row" },
      pick("quality", "Quality", choices("quality"), "draft",
        { draft: "Draft, 720p", full: "Full, 1080p" }),
      pick("captions", "Captions", choices("captions"), "karaoke"),
      pick("transition", "Between beats", choices("transition"), "auto"),
      pick("tier", "Models", ["", ...choices("tier")], "", { "": "As the server is set" })),
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
    style: at.style.value,
    quality: at.quality.value,
    captions: at.captions.value,
    transition: at.transition.value,
    voice: at.voice.checked,
    music: at.music.checked,
    on_cap: at.on_cap.value,
  };
  if (!at.card.checked) body.end_card = null;
  if (text("budget")) body.budget = text("budget").replace(",", ".");
  if (text("tier")) body.tier = text("tier");
  READERS[state.source](body, text, state);
  return body;
}

const READERS = {
  prompt: (body, text) => { body.prompt = text("prompt"); },
  script: (body, text, state) => { body.script = state.script || text("script"); },
  product: (body, text, state) => {
    const facts = text("facts").split("\n").map((line) => line.trim()).filter(Boolean);
    if (takes("product")) {
      body.product = { name: text("product_name"), facts };
      const wishes = { picture: state.picture, price: text("product_price"), offer: text("offer"),
        call_to_action: text("cta") };
      for (const [name, value] of Object.entries(wishes)) if (value) body.product[name] = value;
      return;
    }
    body.prompt = [text("product_name"), ...facts].filter(Boolean).join(". ");
    if (body.end_card === null) return;
    body.end_card = { headline: text("product_name"), call_to_action: text("cta") };
    if (state.picture) body.end_card.product_image = state.picture;
  },
};

const isEmpty = (body) => !(body.prompt || body.script || body.product?.name);

async function updatePrice(state, place) {
  const turn = ++state.asked;
  let found = null;
  try {
    const body = readForm(state);
    // the bytes are sent once the video is wanted: its price does not hang on them
    if (!isEmpty(body)) found = { offer: await ask("POST", "/v1/estimates", body) };
  } catch (error) {
    found = { error };
  }
  if (turn === state.asked && !state.signal.aborted) show(place, ...drawPrice(found));
}

async function submit(state, button, problem) {
  if (isEmpty(readForm(state)) && !state.files.get("script-file")) {
    show(problem, drawRefusal("Say first what the video should show."));
    state.form.querySelector(".source:not([hidden]) :is(textarea, input)").focus();
    return;
  }
  button.disabled = true;
  button.textContent = "Sending …";
  try {
    await sendFiles(state);
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

const SCRIPT_TYPES = { fdx: "application/xml", pdf: "application/pdf", md: "text/markdown" };

async function sendFiles(state) {
  const script = state.source === "script" && state.files.get("script-file");
  const picture = state.source === "product" && state.files.get("picture");
  const end = (file) => file.name.split(".").pop().toLowerCase();
  if (script) state.script = await upload(script, SCRIPT_TYPES[end(script)] || "text/x-fountain", "scripts");
  if (picture) state.picture = await upload(picture, picture.type || "image/png", "images");
}

async function upload(file, type, path) {
  const to = can("POST /v1/uploads") ? "/v1/uploads" : `/v1/${path}`;
  return (await ask("POST", to, file, { "Content-Type": type })).id;
}
