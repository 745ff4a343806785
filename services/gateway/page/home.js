// The first view: the form for a new video, and the list of all videos.

import { can, follow, get, wait, withQuery } from "./api.js";
import { buildForm } from "./form.js";
import { atMostEvery, h, show } from "./dom.js";
import { ENDED, ago, money, nameBrief, sentence, statusWords } from "./words.js";

const REST_MS = 2500;

/** Shows the view in a place; returns what closes it. */
export function openHome(place) {
  const stop = new AbortController();
  const list = h("section", { class: "list", "aria-labelledby": "videos-title" });
  place.append(h("div", { class: "home" }, buildForm(stop.signal), list));
  const state = { videos: null, next: null, error: null, pages: 1, signal: stop.signal };
  const draw = () => show(list, ...drawList(state, () => { state.pages++; load(state, draw); }));
  draw();
  refresh(state, draw);
  return { close: () => stop.abort() };
}

async function refresh(state, draw) {
  const isTold = can("GET /v1/events");
  const soon = atMostEvery(500, () => load(state, draw));
  if (isTold) follow("/v1/events", soon, state.signal, { isEndless: true });
  while (!state.signal.aborted) {
    if (!document.hidden) await load(state, draw);
    const moves = !state.videos || state.videos.some((video) => !ENDED.has(video.status));
    await wait(moves && !isTold ? REST_MS : 4 * REST_MS, state.signal);
  }
}

async function load(state, draw) {
  try {
    const videos = [];
    let next = null;
    for (let page = 0; page < state.pages; page++) {
      const cursor = next ? `&cursor=${encodeURIComponent(next)}` : "";
      const answer = await get(`/v1/videos?limit=24${cursor}`);
      videos.push(...answer.videos);
      next = answer.next;
      if (!next) break;
    }
    Object.assign(state, { videos, next, error: null });
  } catch (error) {
    state.error = error;
  }
  if (!state.signal.aborted) draw();
}

function drawList(state, more) {
  const title = h("h2", { id: "videos-title" }, "Your videos");
  if (state.videos === null && state.error) {
    return [title, h("p", { class: "notice bad", role: "alert" }, state.error.message)];
  }
  if (state.videos === null) {
    return [title, h("div", { class: "cards", "aria-hidden": "true" },
      Array.from({ length: 4 }, () => h("div", { class: "card ghost" })))];
  }
  if (!state.videos.length) {
    return [title, h("div", { class: "empty" },
      h("p", {}, "No videos yet."),
      h("p", { class: "soft" }, "Say above what the first one should show. ",
        "While it is being made you can watch its storyboard fill in."))];
  }
  return [
    title,
    h("ul", { class: "cards" }, state.videos.map(drawCard)),
    state.next && h("button", { type: "button", class: "quiet", onclick: more }, "Show older ones"),
  ];
}

function drawCard(video) {
  const ended = ENDED.has(video.status);
  const cost = money(video.cost);
  return h("li", { class: "card", key: video.id },
    h("a", { href: `#/videos/${encodeURIComponent(video.id)}`, class: "card-link" },
      h("span", { class: `thumb shape-${video.aspect.replace(":", "-")}` }, video.links.poster
        ? h("img", { media: withQuery(video.links.poster, "small=true"), alt: "", width: 96, height: 96 })
        : h("span", { class: "thumb-none", "aria-hidden": "true" }, ended ? "–" : `${video.percent} %`)),
      h("span", { class: "card-text" },
        h("span", { class: "card-title" }, video.title || nameBrief(video.request)),
        h("span", { class: "soft card-line" },
          `${Math.round(video.request.duration)} s · ${video.aspect} · ${sentence(video.request.style)}`),
        h("span", { class: "card-line" },
          h("span", { class: `pill ${video.status}` }, statusWords(video)),
          h("span", { class: "soft" }, [ago(video.created_at), cost !== "$0" && cost]
            .filter(Boolean).join(" · "))))),
    !ended && h("div", { class: "thin-bar" },
      h("div", { style: { width: `${video.percent}%` } })));
}
