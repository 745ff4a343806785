// The timeline: one row a stage, one bar a job. A thin line is the time that a job waited, the bar
// that it ran, its hatched end that it was stored. What the whole film waited for is outlined.

import { h } from "./dom.js";
import { count, jobWords, money, sentence, span, stageWords } from "./words.js";

/** Returns the timeline of a video. */
export function drawTimeline(state) {
  const { timeline } = state;
  if (!timeline) return h("p", { class: "soft" }, "Loading …");
  if (!timeline.bars.length) return h("p", { class: "soft" }, "No job has been asked for yet.");
  const axis = readAxis(state);
  const stages = groupByStage(timeline.bars, axis, state.video);
  const chosen = timeline.bars.find((bar) => bar.job === (state.hovered || state.bar));
  return [
    h("div", { class: "times", key: "times", role: "group", "aria-label": "Timeline, by stage",
      onkeydown: (event) => moveBar(event, state), onmouseleave: () => hover(state, null) },
    drawTicks(axis),
    stages.map((stage) => drawStage(state, stage, axis))),
    h("p", { class: "bar-said", role: "status", key: "said" }, chosen ? tellBar(chosen, timeline)
      : h("span", { class: "soft" }, "Point at a bar, or use the arrow keys on one, to read it. A dashed line is where a wave began.")),
    drawPath(timeline, axis),
    drawTable(timeline, axis),
  ];
}

function readAxis(state) {
  const { timeline, loadedAt, video } = state;
  const from = Date.parse(timeline.began_at);
  const passed = ["completed", "failed", "cancelled", "paused"].includes(video.status)
    ? 0 : Date.now() - loadedAt;
  const now = Date.parse(timeline.now) + passed;
  const last = Math.max(...timeline.bars.map((bar) => Date.parse(bar.ended_at || 0)), from + 1000);
  const open = timeline.bars.some((bar) => !bar.ended_at);
  const to = timeline.ended_at ? Math.max(Date.parse(timeline.ended_at), last) : open ? now : last;
  const { bars } = timeline;
  // the one bar that the tabulator key reaches: from there the arrow keys go on
  const first = bars.find((bar) => bar.job === state.bar)?.job || bars[0].job;
  return { from, to, now, first, at: (time) => (100 * (time - from)) / (to - from) };
}

function groupByStage(bars, axis, video) {
  const stages = new Map();
  for (const bar of bars) {
    if (!stages.has(bar.stage)) stages.set(bar.stage, { name: bar.stage, rows: [], bars: [] });
    const stage = stages.get(bar.stage);
    const start = Date.parse(bar.queued_at);
    let row = stage.rows.findIndex((end) => end <= start);
    if (row < 0) row = stage.rows.push(0) - 1;
    stage.rows[row] = bar.ended_at ? Date.parse(bar.ended_at) : axis.now;
    stage.bars.push({ ...bar, row });
  }
  const order = video.stages.map((stage) => stage.name);
  return [...stages.values()].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

const STEPS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400];

function drawTicks(axis) {
  const seconds = (axis.to - axis.from) / 1000;
  const step = STEPS.find((each) => seconds / each <= 6) || 86400;
  const ticks = [];
  for (let at = 0; at < seconds * 0.94; at += step) ticks.push(at);
  return h("div", { class: "ticks", "aria-hidden": "true", key: "ticks" }, ticks.map((at) =>
    h("span", { key: at, style: { left: `${(100 * at) / seconds}%` } }, nameTick(at))));
}

const nameTick = (seconds) => (seconds < 10 ? `${seconds} s` : span(seconds * 1000));

function drawStage(state, stage, axis) {
  return h("div", { class: `lane ${stage.name}`, key: stage.name },
    h("p", { class: "lane-name" }, stageWords(stage.name),
      h("span", { class: "soft" }, ` ${count(stage.bars.length, "job")}`)),
    h("div", { class: "lane-track", style: { height: `${stage.rows.length * 22}px` } },
      drawWaves(stage, axis),
      stage.bars.map((bar) => drawBar(state, bar, axis))));
}

/** Returns a mark where each wave was released: nothing waits there, it only begins. */
function drawWaves(stage, axis) {
  const starts = new Map();
  for (const bar of stage.bars) {
    if (bar.wave && !starts.has(bar.wave)) starts.set(bar.wave, Date.parse(bar.queued_at));
  }
  return [...starts].map(([wave, at]) => h("span", { class: "wave", key: `wave-${wave}`, "aria-hidden": "true",
    title: `Wave ${wave}`, style: { left: `${axis.at(at)}%` } }));
}

function drawBar(state, bar, axis) {
  const queued = Date.parse(bar.queued_at);
  const end = bar.ended_at ? Date.parse(bar.ended_at) : Math.max(axis.now, queued);
  const whole = Math.max(end - queued, 1);
  const waited = bar.started_at ? Math.max(0, Date.parse(bar.started_at) - queued) : whole;
  const stored = bar.stored_from ? Math.max(0, end - Date.parse(bar.stored_from)) : 0;
  return h("button", {
    type: "button", key: bar.job, "data-job": bar.job, tabindex: axis.first === bar.job ? "0" : "-1",
    class: `bar-of ${bar.state}${bar.is_critical ? " critical" : ""}`,
    "aria-label": `${sentence(jobWords(bar))}, ${bar.state}`,
    "aria-pressed": String(state.bar === bar.job),
    style: { left: `${axis.at(queued)}%`, width: `${(100 * whole) / (axis.to - axis.from)}%`,
      top: `${bar.row * 22}px` },
    onclick: () => { state.bar = bar.job; state.draw(); },
    onfocus: () => hover(state, bar.job),
    // a bar that only scrolls under a pointer that rests is not pointed at
    onmousemove: (event) => (event.movementX || event.movementY) && hover(state, bar.job),
  },
  h("span", { class: "part waited", style: { width: `${(100 * waited) / whole}%` } }),
  h("span", { class: "part ran", style: { width: `${(100 * (whole - waited - stored)) / whole}%` } },
    nameShortly(bar)),
  stored > 0 && h("span", { class: "part stored", style: { width: `${(100 * stored) / whole}%` } }));
}

function nameShortly(bar) {
  if (bar.chunk !== null) return String(bar.chunk);
  return bar.beat === null ? "" : String(bar.beat);
}

function hover(state, job) {
  if (state.hovered === job) return;
  state.hovered = job;
  state.draw();
}

function moveBar(event, state) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const bars = [...event.currentTarget.querySelectorAll(".bar-of")];
  const at = bars.indexOf(document.activeElement);
  const next = bars[Math.min(bars.length - 1, Math.max(0, at + step))];
  state.bar = next.dataset.job;
  next.focus();
  state.draw();
}

function tellBar(bar, timeline) {
  const cause = timeline.bars.find((other) => other.job === bar.after);
  const parts = [
    bar.waiting_ms >= 50 && `waited ${span(bar.waiting_ms)}`,
    bar.started_at && `ran ${span(bar.running_ms)}`,
    bar.storing_ms >= 50 && `stored in ${span(bar.storing_ms)}`,
    bar.tries > 0 && count(bar.tries, "failed try", "failed tries"),
    bar.wave && `wave ${bar.wave}`,
    cause && `after ${jobWords(cause)}`,
    bar.model,
    bar.reused && "copied from what was paid for before",
    Number(bar.cost) > 0 && money(bar.cost),
    bar.is_critical && "the film waited for it",
  ].filter(Boolean);
  return [h("strong", {}, sentence(jobWords(bar))), ` ${bar.state}: ${parts.join(", ")}`,
    bar.error && h("span", { class: "bad-text" }, ` – ${bar.error}`)];
}

function drawPath(timeline) {
  const path = timeline.bars.filter((bar) => bar.is_critical)
    .sort((a, b) => a.queued_at.localeCompare(b.queued_at));
  if (path.length < 2) return null;
  return h("div", { class: "path", key: "path" }, h("h3", {}, "What the film waited for"),
    h("ol", {}, path.map((bar) => h("li", { key: bar.job, class: bar.stage },
      sentence(jobWords(bar)), h("span", { class: "soft" },
        ` ${span(bar.waiting_ms + bar.running_ms + bar.storing_ms)}`)))));
}

function drawTable(timeline, axis) {
  const names = ["Job", "Wave", "Asked for at", "Waited", "Ran", "Stored", "State"];
  return h("details", { class: "small", key: "table" }, h("summary", {}, "The same as a table"),
    h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Timeline as a table" },
      h("table", {}, h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, timeline.bars.map((bar) => h("tr", {},
          h("th", { scope: "row" }, sentence(jobWords(bar))),
          h("td", {}, bar.wave || ""),
          h("td", {}, span(Date.parse(bar.queued_at) - axis.from)),
          h("td", {}, span(bar.waiting_ms)), h("td", {}, span(bar.running_ms)),
          h("td", {}, bar.storing_ms ? span(bar.storing_ms) : ""),
          h("td", {}, bar.state)))))));
}
