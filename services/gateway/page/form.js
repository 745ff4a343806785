// The form for a new video: a prompt, a script or a product, and what it would cost.

import { ask, makeKey, takes } from "./api.js";
import { h, later, say, show } from "./dom.js";
import { drawPrice, drawRefusal } from "./price.js";
import { textArea, textInput } from "./fields.js";
import { buildOwn, describe, fileField, readOwn } from "./material.js";
import { buildBasics, buildOptions, readChoices } from "./options.js";

const IDEAS = [
  "A lighthouse keeper who paints the sea",
  "How bees tell each other where to go",
  "Lisbon in spring",
];

// Sentences that the server takes for settings: they are never said.
const WISHES = ["Calm music.", "Upbeat music.", "Dramatic music.", "Woman’s voice.", "Man’s voice.", "No people."];

const SOURCES = [
  ["prompt", "Prompt", "Say it in a sentence or more."],
  ["script", "Script", "A film's text becomes its trailer."],
  ["product", "Product", "A picture and a name become an ad."],
];

/** Returns the form; it prices what is typed into it until it is stopped. */
export function buildForm(signal) {
  const form = h("form", { class: "maker", novalidate: true, "aria-labelledby": "form-title" });
  const state = { source: "prompt", form, key: makeKey(), given: new Map(), own: [], asked: 0, signal };
  const sources = SOURCES.map(([name]) => h("div", { class: "source", hidden: name !== "prompt" }));
  const price = h("div", { class: "price", role: "status", "aria-live": "polite" });
  const problem = h("div", {});
  const button = h("button", { type: "submit", class: "main" }, "Make the video");
  const priceSoon = later(400, () => updatePrice(state, price));
  state.changed = () => { state.key = makeKey(); show(problem); priceSoon(); };
  form.append(...[
    h("h1", { id: "form-title" }, "What should the video show?"),
    chooseSource(state, (chosen) => {
      SOURCES.forEach(([name], n) => { sources[n].hidden = name !== chosen; });
    }),
    sources,
    buildBasics(),
    takes("beats") ? buildOwn(state) : [],
    buildOptions(),
    problem,
    h("div", { class: "maker-end" }, price, button),
  ].flat());
  form.oninput = state.changed;
  form.onsubmit = (event) => { event.preventDefault(); submit(state, button, problem, price); };
  SOURCES.forEach(([name], n) => sources[n].append(...SOURCE_FIELDS[name](state).filter(Boolean)));
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
  prompt: (state) => {
    const chips = h("p", { class: "ideas" });
    const box = textArea("prompt", "What the video should show", { rows: 4, maxlength: 4000,
      hint: "People, places, what happens, what is said. The rest is planned for you.",
      placeholder: IDEAS[0] });
    const draw = () => show(chips, drawChips(box.querySelector("textarea"), draw));
    box.oninput = draw;
    draw();
    return [box, chips];
  },
  script: (state) => [
    textArea("script", "The script", { rows: 8, maxlength: 60000,
      hint: "Fountain, Markdown or plain text. Longer ones, FDX and PDF: choose the file.",
      placeholder: "INT. LIGHTHOUSE - NIGHT\n\nMARA, 60, lights the lamp." }),
    fileField(state, "script-file", "Or a file", ".fountain,.md,.txt,.fdx,.pdf", keep(state, "script")),
  ],
  product: (state) => [
    textInput("product_name", "Name of the product", { placeholder: "AirFlex", maxlength: 60 }),
    fileField(state, "picture", "Picture", "image/png,image/jpeg,image/webp", keep(state, "image")),
    textInput("about", "What it is", { maxlength: 500,
      placeholder: "a running shoe made of recycled fishing nets" }),
    textArea("facts", "What is true of it", { rows: 3, maxlength: 2000,
      hint: "One fact a line. Nothing else is claimed.",
      placeholder: "Weighs 180 grams\nMade of recycled rubber" }),
    h("div", { class: "row", key: "offer" },
      textInput("product_price", "Price", { placeholder: "$89.90", maxlength: 40 }),
      textInput("offer", "Offer", { placeholder: "20 % off in May", maxlength: 120 }),
      textInput("cta", "Call to action", { placeholder: "Shop now", maxlength: 120 })),
  ],
};

/** Returns chips that fill in an empty prompt, or add a wish to one, and take it out again. */
function drawChips(box, draw) {
  const write = (text) => {
    box.value = text;
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
    draw();
  };
  const text = box.value.trim();
  if (!text) {
    return IDEAS.map((idea) => h("button", { type: "button", class: "chip", key: idea,
      onclick: () => write(idea) }, idea));
  }
  return WISHES.map((wish) => {
    const isThere = text.includes(wish);
    return h("button", { type: "button", class: "chip", key: wish, "aria-pressed": String(isThere),
      onclick: () => write(isThere ? text.replace(wish, "").replaceAll("  ", " ").trim() : addSentence(text, wish)) },
    wish.slice(0, -1));
  });
}

const addSentence = (text, sentence) => `${text}${/[.!?…]$/.test(text) ? "" : "."} ${sentence}`;

/** Returns what keeps a file of one sort for the request. */
const keep = (state, kind) => (found) => {
  state.given.delete(kind);
  if (!found) return "";
  if (found.kind !== kind) throw new Error(`That is no ${kind === "image" ? "picture" : kind}.`);
  state.given.set(kind, found.id);
  return describe(found);
};

// ── the request ───────────────────────────────────────────────────────────────────────────────

function readForm(state) {
  const at = state.form.elements;
  const body = readChoices(at);
  if (state.own.length) body.beats = readOwn(state.own);
  READERS[state.source](body, (name) => at[name].value.trim(), state.given);
  return body;
}

const READERS = {
  prompt: (body, text) => { body.prompt = text("prompt"); },
  script: (body, text, given) => { body.script = given.get("script") || text("script"); },
  product: (body, text, given) => {
    const facts = text("facts").split("\n").map((line) => line.trim()).filter(Boolean);
    body.product = { name: text("product_name"), facts };
    const wishes = { about: text("about"), picture: given.get("image"), price: text("product_price"),
      offer: text("offer"), call_to_action: text("cta") };
    for (const [name, value] of Object.entries(wishes)) if (value) body.product[name] = value;
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
    state.form.querySelector("#more").open = true;
    state.changed();
  };
  if (turn === state.asked && !state.signal.aborted) show(place, ...drawPrice(found, allow));
}

async function submit(state, button, problem, price) {
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
    const refusal = drawRefusal(error.message, error.errors);
    const said = price.querySelector("[role=alert]"); // the price may have told it already
    if (said?.textContent !== refusal.textContent) show(problem, refusal);
    (problem.firstElementChild || said).focus();
  }
  button.disabled = false;
  button.textContent = "Make the video";
}
