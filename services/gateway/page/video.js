// One video: what is known of it is asked for anew whenever its live messages tell of something.

import { ask, follow, get, wait } from "./api.js";
import { atMostEvery, h, say, show } from "./dom.js";
import { drawActions, drawTrouble } from "./actions.js";
import { drawCost, drawReceipt } from "./price.js";
import { drawDetails, drawDownloads, drawPlayer, drawStages } from "./film.js";
import { drawStoryboard, drawWhole } from "./storyboard.js";
import { drawTimeline } from "./timeline.js";
import { ENDED, count, jobWords, money, nameBrief, place, span, statusWords } from "./words.js";

/** Shows a video in a place; returns what closes it. */
export function openVideo(at, id) {
  const stop = new AbortController();
  const path = `/v1/videos/${encodeURIComponent(id)}`;
  const state = { at, id, path, signal: stop.signal, live: [], video: null, storyboard: null,
    timeline: null, receipt: null, error: null, busy: null, refusal: null, open: null, rev: null };
  state.draw = () => { if (!stop.signal.aborted) show(at, ...drawVideo(state)); };
  state.load = () => load(state);
  state.act = (name, method, to, body) => act(state, name, method, to, body);
  const { signal } = stop; // wherever the focus is
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    closeMenus(at, null);
    if (!state.open) return;
    state.open = null;
    state.draw();
  }, { signal });
  document.addEventListener("click", (event) => closeMenus(at, event.target), { signal });
  state.draw();
  run(state);
  return { close: () => stop.abort() };
}

function closeMenus(at, target) {
  for (const menu of at.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
}

async function run(state) {
  tick(state);
  while (!state.signal.aborted) {
    await load(state);
    if (state.error?.status >= 400 && state.error.status < 500) return;
    if (state.error) {
      await wait(2000, state.signal);
      continue;
    }
    const soon = atMostEvery(250, () => load(state));
    await follow(`${state.path}/events`, (sort, message) => hear(state, sort, message, soon),
      state.signal);
    await load(state);
    // an ended video may be changed here, or by somebody else: then its next messages are followed
    while (!state.signal.aborted && ENDED.has(state.video?.status)) {
      await wait(1500, state.signal);
      if (!document.hidden) await load(state, true);
    }
  }
}

function hear(state, sort, message, soon) {
  const last = state.live.at(-1);
  if (sort !== "snapshot" && last?.message !== message.message) {
    state.live.push({ time: message.time, item: message.item, message: message.message });
    if (state.live.length > 300) state.live.shift();
  }
  if (ENDED.has(sort)) say(`The video is ${sort}.`);
  soon();
}

async function load(state, onlyStatus = false) {
  const parts = onlyStatus && state.video && !state.stale ? [""] : PARTS;
  try {
    const before = state.video?.updated_at;
    // of a video that there is not, the rest need not be asked for
    if (!state.video) await get(state.path);
    const found = await Promise.all(parts.map((part) => get(state.path + addRev(state, part))));
    [state.video] = found;
    if (parts === PARTS) [, state.storyboard, state.timeline, state.receipt] = found;
    state.stale = before !== state.video.updated_at && parts !== PARTS;
    state.error = null;
    state.loadedAt = Date.now();
    document.title = `${state.video.title || "A video"} – Storywave`;
    if (state.stale) await load(state, false);
  } catch (error) {
    // what is shown stays, as long as the trouble may pass
    if (!state.video || error.status === 404 || error.status === 410) state.error = error;
  }
  state.draw();
}

const PARTS = ["", "/storyboard", "/timeline", "/receipt"];

const addRev = (state, part) => part === "/timeline" && state.rev ? `${part}?rev=${state.rev}` : part;

/** Moves what grows with the time, while anything does. */
async function tick(state) {
  while (!state.signal.aborted) {
    await wait(500, state.signal);
    const runs = state.timeline?.bars.some((bar) => !bar.ended_at);
    if (runs && !document.hidden && !ENDED.has(state.video.status)) state.draw();
  }
}

async function act(state, name, method, to, body) {
  const focused = document.activeElement;
  Object.assign(state, { busy: name, refusal: null, rev: null });
  state.draw();
  try {
    await ask(method, state.path + to, body);
    state.open = null;
    say("Done.");
    if (name === "delete") {
      location.hash = "#/";
      return;
    }
  } catch (error) {
    state.refusal = error;
  }
  state.busy = null;
  await load(state);
  // a button that could not be pressed meanwhile has lost the focus
  if (document.activeElement === document.body) focused?.focus({ preventScroll: true });
}

// ── what is drawn ─────────────────────────────────────────────────────────────────────────────

function drawVideo(state) {
  const back = h("a", { class: "back", href: "#/", key: "back" }, "← All videos");
  if (state.error) {
    return [back, h("div", { class: "empty", role: "alert" }, h("h1", {}, "It can't be shown"),
      h("p", {}, state.error.message))];
  }
  if (!state.video) return [back, drawGhost()];
  const { video } = state;
  const shape = `shape-${video.aspect.replace(":", "-")}`;
  return [
    back,
    drawHead(state),
    h("div", { class: `video ${shape}`, key: "video" },
      h("aside", { class: "side", "aria-label": "The film" },
        h("div", { class: "player" }, drawPlayer(state)),
        drawDownloads(state),
        h("section", { class: "panel", "aria-labelledby": "cost-title" },
          h("h2", { id: "cost-title" }, "Cost"), drawCost(video, state.receipt)),
        drawDetails(video)),
      h("div", { class: "body" },
        drawSection("storyboard", "Storyboard", boardNote(state), drawStoryboard(state), drawWhole(state)),
        drawSection("timeline", "Timeline", timelineNote(state),
          [drawRevisions(state), drawTimeline(state)]),
        drawFold("receipt", "Receipt", state.receipt ? money(state.receipt.paid) : "",
          drawReceipt(state.receipt)),
        drawFold("log", "Log", "", drawLog(state)))),
  ];
}

function drawGhost() {
  return h("div", { class: "video shape-9-16", key: "ghost", "aria-busy": "true" },
    h("p", { class: "unseen" }, "Loading the video"),
    h("div", { class: "side" }, h("div", { class: "player" }, h("div", { class: "frame ghost" }))),
    h("div", { class: "body" }, h("div", { class: "panel ghost tall" })));
}

function drawHead(state) {
  const { video } = state;
  const ended = ENDED.has(video.status);
  return h("div", { class: "head", key: "head" },
    h("div", { class: "head-line" },
      h("div", { class: "head-text" },
        h("h1", { class: video.title ? null : "untitled" }, video.title || nameBrief(video.request)),
        h("p", { class: "head-status" },
          h("span", { class: `pill ${video.status}` }, statusWords(video)),
          !ended && h("span", { class: "soft" }, `${video.percent} %`),
          video.rev > 1 && h("span", { class: "soft" }, `revision ${video.rev}`))),
      drawActions(state)),
    drawTrouble(state),
    drawStages(video));
}

function drawSection(name, title, note, inside, beside = null) {
  return h("section", { class: "panel", key: name, "aria-labelledby": `${name}-title` },
    h("div", { class: "panel-head" }, h("h2", { id: `${name}-title` }, title),
      h("div", { class: "panel-note" }, beside, h("p", { class: "soft" }, note))), inside);
}

function drawRevisions(state) {
  const { video } = state;
  if (video.rev < 2) return null;
  const all = Array.from({ length: video.rev }, (_, n) => n + 1).reverse();
  return h("div", { class: "inline", key: "revisions" }, h("label", { for: "f-rev" }, "Revision"),
    h("select", { id: "f-rev", onchange: (event) => {
      state.rev = Number(event.target.value);
      load(state);
    } }, all.map((rev) => h("option", { value: rev }, rev === 1 ? "1, the first" : String(rev)))));
}

function drawFold(name, title, note, inside) {
  return h("details", { class: "panel fold", key: name },
    h("summary", {}, h("h2", {}, title), note && h("span", { class: "soft" }, note)), inside);
}

function boardNote({ storyboard }) {
  if (!storyboard?.beats.length) return "";
  const beats = storyboard.beats.filter((beat) => !beat.skipped);
  const drawn = beats.filter((beat) => beat.image?.state === "ready").length;
  const all = drawn === beats.length;
  return `${count(beats.length, "beat")} · ${place(storyboard.seconds)}`
    + (all ? "" : ` · ${drawn} of ${beats.length} drawn`);
}

function timelineNote({ timeline, loadedAt, video }) {
  if (!timeline?.bars.length) return "";
  const began = Date.parse(timeline.began_at);
  const runs = timeline.bars.some((bar) => !bar.ended_at) && !ENDED.has(video.status);
  const end = timeline.ended_at ? Date.parse(timeline.ended_at)
    : runs ? Date.parse(timeline.now) + Date.now() - loadedAt
      : Math.max(...timeline.bars.map((bar) => Date.parse(bar.ended_at || bar.queued_at)));
  return [span(end - began), count(timeline.bars.length, "job"),
    timeline.waves && count(timeline.waves, "wave")].filter(Boolean).join(" · ");
}

/** The ends of jobs tell what was before this page was opened; then come the live messages. */
function drawLog(state) {
  const since = state.live[0]?.time;
  const past = (state.timeline?.bars || [])
    .filter((bar) => bar.ended_at && (!since || bar.ended_at < since))
    .map((bar) => ({ time: bar.ended_at, item: jobWords(bar), message: tellEnd(bar) }))
    .sort((a, b) => a.time.localeCompare(b.time));
  const lines = [...past, ...state.live];
  if (!lines.length) return h("p", { class: "soft" }, "Nothing has happened yet.");
  return h("ol", { class: "log", tabindex: "0", "aria-label": "Log" }, lines.map((line) => h("li", {},
    h("time", { datetime: line.time, class: "mono soft" },
      new Date(line.time).toLocaleTimeString("en", { hour12: false })),
    h("span", {}, line.item ? `${line.item}: ` : "", line.message))));
}

function tellEnd(bar) {
  if (bar.state === "done") return `made in ${span(bar.running_ms + bar.storing_ms)}`;
  return `${bar.state}${bar.error ? `: ${bar.error}` : ""}`;
}

