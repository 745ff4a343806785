// Keys: the one that this tab uses, and, for those who may, all keys of the server.

import { ask, can, get, keepKey, readKey } from "./api.js";
import { h, say, show } from "./dom.js";
import { drawRefusal } from "./price.js";
import { field, pick, textInput } from "./fields.js";
import { ago, count, money } from "./words.js";

/** Shows the view in a place; returns what closes it. */
export function openKeys(place) {
  const state = { place, own: null, keys: null, fresh: null, refusal: null, closed: false };
  state.draw = () => { if (!state.closed) show(place, ...drawKeys(state)); };
  state.draw();
  load(state);
  return { close: () => { state.closed = true; } };
}

async function load(state) {
  if (!can("GET /v1/self") || (location.hash.includes("needed") && !readKey())) return;
  try {
    state.own = await get("/v1/self");
    state.keys = state.own.role === "admin" ? await get("/v1/keys") : null;
  } catch (error) {
    state.refusal = error;
  }
  state.draw();
}

function drawKeys(state) {
  const needed = location.hash.includes("needed");
  return [h("div", { class: "keys" },
    h("a", { class: "back", href: "#/" }, "← All videos"),
    h("h1", {}, "Keys"),
    needed && !readKey() && h("p", { class: "notice info", role: "status" },
      "This server asks for a key. Whoever runs it can give you one."),
    state.refusal && drawRefusal(state.refusal.message, state.refusal.errors),
    drawOwn(state),
    state.fresh && drawFresh(state),
    state.keys && drawList(state),
    state.keys && can("POST /v1/keys") && drawMaker(state))];
}

function drawOwn(state) {
  const key = readKey();
  return h("form", { class: "panel", key: "own", onsubmit: (event) => {
    event.preventDefault();
    const box = event.target.elements.key;
    keepKey(box.value.trim());
    box.value = "";
    say("The key is used in this tab.");
    location.hash = "#/";
  } },
  h("h2", {}, "The key of this tab"),
  h("p", { class: "soft" }, describeOwn(state.own, key)),
  field("key", "Your key", h("input", { id: "f-key", name: "key", type: "password", required: true,
    autocomplete: "off", spellcheck: "false", placeholder: "sw_…", keep: "key" })),
  h("div", { class: "actions" },
    h("button", { class: "main" }, "Use this key"),
    key && h("button", { type: "button", onclick: () => { keepKey(""); state.keys = null; state.draw(); load(state); } },
      "Forget it")));
}

function describeOwn(own, key) {
  const known = own?.owner ? ` It is ${own.owner}’s, as ${own.role}.` : "";
  return key ? `This tab uses ${key.slice(0, 7)}…, until it is closed.${known}`
    : "This tab uses none. On your own machine none is needed.";
}

function drawFresh(state) {
  return h("div", { class: "notice info", key: "fresh", role: "status" },
    h("p", {}, h("strong", {}, "Copy it now: it is shown only this once.")),
    h("p", { class: "mono wraps" }, state.fresh));
}

function drawList(state) {
  return h("section", { class: "panel", key: "all", "aria-labelledby": "all-title" },
    h("h2", { id: "all-title" }, "All keys"),
    !state.keys.length ? h("p", { class: "soft" }, "There is none yet.") : h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "All keys" },
      h("table", {}, h("thead", {}, h("tr", {},
        ["Key", "Owner", "Role", "Made", ""].map((name) => h("th", { scope: "col" }, name || h("span", { class: "unseen" }, "What can be done"))))),
      h("tbody", {}, state.keys.map((key) => h("tr", { key: key.id },
        h("th", { scope: "row" }, h("span", { class: "mono" }, key.id),
          key.name && h("span", { class: "soft line" }, key.name),
          h("span", { class: "soft line" }, tellLimits(key.limits))),
        h("td", {}, key.owner), h("td", {}, key.role),
        h("td", { class: "soft" }, key.created_at ? ago(key.created_at) : ""),
        h("td", {}, drawKeyEnd(state, key))))))));
}

function drawKeyEnd(state, key) {
  if (key.revoked_at) return h("span", { class: "soft" }, "revoked");
  if (!can("DELETE /v1/keys/{key_id}")) return null;
  const path = `/v1/keys/${encodeURIComponent(key.id)}`;
  return h("div", { class: "actions" },
    h("button", { type: "button", class: "quiet", "aria-label": `Replace ${key.id}`,
      onclick: () => change(state, "POST", `${path}/rotate`, {}) }, "Replace"),
    h("button", { type: "button", class: "quiet danger", "aria-label": `Revoke ${key.id}`,
      onclick: () => change(state, "DELETE", path) }, "Revoke"));
}

function drawMaker(state) {
  return h("form", { class: "panel", key: "maker", onsubmit: (event) => {
    event.preventDefault();
    const at = event.target.elements;
    change(state, "POST", "/v1/keys", {
      owner: at.owner.value.trim(), role: at.role.value, name: at.name.value.trim(), ...readLimits(at) });
  } },
  h("h2", {}, "A new key"),
  h("div", { class: "row" },
    textInput("owner", "Owner", { placeholder: "acme", maxlength: 60 }),
    textInput("name", "Who or what it is for", { placeholder: "the shop", maxlength: 60 }),
    pick("role", "Role", ["viewer", "maker", "payer", "admin"], "maker", {
      viewer: "Viewer (looks)", maker: "Maker (no money)", payer: "Payer (spends)",
      admin: "Admin (gives keys)" })),
  h("details", { class: "options" }, h("summary", {}, "Limits"),
    h("div", { class: "row" }, LIMITS.map(([name, label, inputmode]) =>
      textInput(name, label, { inputmode, maxlength: 12, placeholder: "none" })))),
  h("button", { class: "main" }, "Make the key"));
}

const LIMITS = [
  ["requests_a_minute", "Requests a minute", "numeric"],
  ["active_videos", "Videos under way", "numeric"],
  ["spend_a_day", "Dollars a day", "decimal"],
];

function readLimits(at) {
  const typed = LIMITS.map(([name, , sort]) => [name, at[name].value.trim().replace(",", "."), sort]);
  return Object.fromEntries(typed.filter(([, text]) => text)
    // what is no number is sent as it is: the server says what is wrong with it
    .map(([name, text, sort]) => [name, sort === "decimal" || Number.isNaN(Number(text)) ? text : Number(text)]));
}

function tellLimits({ requests_a_minute: requests, active_videos: videos, spend_a_day: spend }) {
  return [requests && `${requests} requests a minute`, videos && `${count(videos, "video")} under way`,
    spend && `${money(spend)} a day`].filter(Boolean).join(", ");
}

async function change(state, method, path, body) {
  try {
    const answer = await ask(method, path, body);
    state.fresh = answer?.token || null;
    state.refusal = null;
  } catch (error) {
    state.refusal = error;
  }
  await load(state);
}
