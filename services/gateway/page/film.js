// The film of a video: the player, what can be saved, the stages to it, and what was asked for.

import { readKey, save, withQuery } from "./api.js";
import { h } from "./dom.js";
import { ENDED, ago, place, sentence, span, stageWords } from "./words.js";

/** Returns the player; before there is a film its animatic, or a picture of the storyboard. */
export function drawPlayer({ video, storyboard }) {
  const { media, poster, animatic } = video.links;
  const rev = video.revisions.at(-1);
  if (!media && animatic && RESTING.has(video.status)) return drawAnimatic(video, animatic);
  if (!media) return drawPreview(video, storyboard);
  const vtt = video.links["captions.vtt"];
  return h("video", { key: `film-${rev}`, keep: `film-${rev}`, class: "frame", controls: true,
    preload: "metadata", playsinline: true, media: withQuery(media, `rev=${rev}`),
    poster: readKey() ? null : withQuery(poster, `rev=${rev}`), "aria-label": video.title || "The film" },
  vtt && h("track", { kind: "captions", label: "Captions", srclang: "en", media: withQuery(vtt, `rev=${rev}`) }));
}

const RESTING = new Set([...ENDED, "awaiting_approval", "paused"]);

function drawAnimatic(video, animatic) {
  const name = `animatic-${video.rev}`;
  return h("figure", { key: name },
    h("video", { keep: name, class: "frame", controls: true, preload: "metadata", playsinline: true,
      media: animatic, "aria-label": "The animatic" }),
    h("figcaption", { class: "soft small" }, "The animatic: the storyboard in its time, with a voice of this machine. It cost nothing."));
}

function drawPreview(video, storyboard) {
  const drawn = (storyboard?.beats || []).filter((beat) => beat.image?.url);
  const picture = drawn.at(-1)?.image.url;
  const ended = ENDED.has(video.status);
  return h("div", { class: "frame preview", key: "preview" },
    picture && h("img", { media: `${picture}?small=true`, alt: "", key: picture }),
    h("p", {}, ended ? explainNoFilm(video) : storyboard?.beats.length ? "The film appears here"
      : "It is being planned"));
}

function explainNoFilm({ status, workflow }) {
  if (status !== "completed") return "There is no film";
  return workflow === "plan_only" ? "The plan is there" : "The storyboard is there";
}

/** Returns the links that save the film and what is beside it. */
export function drawDownloads({ video }) {
  const { links } = video;
  if (!links.media) return null;
  const name = fileName(video.title);
  const files = [
    ["media", "Film", "mp4"],
    ["captions.srt", "Captions", "srt"],
    ["captions.vtt", "Captions", "vtt"],
    ["poster", "Poster", "jpg"],
    ["contact", "All beats", "png"],
  ].filter(([link]) => links[link]);
  return h("ul", { class: "downloads", "aria-label": "Save" }, files.map(([link, label, end]) =>
    h("li", {}, h("a", { href: links[link], download: `${name}.${end}`,
      class: link === "media" ? "button main" : "button",
      onclick: (event) => {
        if (!readKey()) return; // the browser saves it itself
        event.preventDefault();
        save(links[link], `${name}.${end}`);
      } }, label, h("small", {}, end)))));
}

const fileName = (title) => title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")
  .replace(/^-|-$/g, "").slice(0, 60) || "film";

/** Returns how far each stage is. */
export function drawStages(video) {
  const shown = video.stages.filter((stage) => stage.status !== "skipped");
  return h("ol", { class: "stages", "aria-label": "Stages" }, shown.map((stage) =>
    h("li", { class: stage.status, key: stage.name },
      h("div", { class: "stage-bar" }, h("div", { style: { width: `${stage.percent}%` } })),
      h("span", { class: "stage-name" }, stageWords(stage.name)),
      h("span", { class: "soft stage-count" }, describeStage(stage)))));
}

function describeStage(stage) {
  if (stage.status === "failed") return "failed";
  if (stage.failed) return `${stage.done} of ${stage.total}, ${stage.failed} failed`;
  if (stage.status === "completed") return stage.total > 1 ? `all ${stage.total}` : "done";
  if (stage.status === "waiting" || stage.total === null) return stage.status;
  return `${stage.done} of ${stage.total}`;
}

/** Returns what was asked for, and what the film lacks. */
export function drawDetails(video) {
  const asked = video.request;
  const rows = [
    asked.prompt && ["Asked for", asked.prompt],
    asked.product && ["Product", asked.product.name],
    asked.script && ["Script", "a file"],
    ["Length", video.seconds ? place(video.seconds) : `${Math.round(asked.duration)} s`],
    ["Shape", video.aspect],
    video.workflow !== "full" && ["Made", sentence(video.workflow)],
    asked.review.length > 0 && ["Stops at", asked.review.map((what) => `the ${what}`).join(", ")],
    ["Style", sentence(asked.style)],
    ["Quality", asked.quality === "full" ? "1080p" : "720p"],
    ["Asked", ago(video.created_at)],
    video.generation_ms && ["Made in", span(video.generation_ms)],
  ];
  return h("section", { class: "panel details", "aria-labelledby": "details-title" },
    h("h2", { id: "details-title" }, "Details"),
    h("dl", {}, rows.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    video.warnings.length > 0 && h("div", { class: "notice warn" },
      h("p", {}, h("strong", {}, "What it lacks")),
      h("ul", {}, video.warnings.map((note) =>
        h("li", {}, nameNote(note))))));
}

/** Some messages name their item, and others leave it to the reader. */
function nameNote({ item, message }) {
  return sentence(!item || message.includes(item) ? message : `${item} ${message}`);
}
