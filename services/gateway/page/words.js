// Amounts, times and names as people write them.

/** Returns dollars, of a text of them. */
export function money(amount) {
  if (amount === null || amount === undefined) return "";
  const dollars = readDollars(amount);
  if (dollars === 0) return "$0";
  const digits = Math.abs(dollars) < 0.1 ? 3 : 2;
  return `$${dollars.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

/** Returns an amount as a number of dollars, to draw or compare with. */
export function readDollars(amount) {
  return Number.parseFloat(amount || "0");
}

/** Returns an amount as a text of dollars that is no less, in whole cents. */
export const ceilCents = (amount) => (Math.ceil(readDollars(amount) * 100 - 1e-6) / 100).toFixed(2);

/** Returns a length of time: 0.4 s, 12 s, 3 min 20 s. */
export function span(ms) {
  const seconds = ms / 1000;
  if (seconds < 0.05) return "0 s";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  if (minutes < 60) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Returns a place in a film: 0:07. */
export function place(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Returns how long ago a time is. */
export function ago(time) {
  const then = typeof time === "number" ? time : Date.parse(time);
  const seconds = Math.max(0, (Date.now() - then) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (seconds < 45) return "just now";
  if (seconds < 3000) return words.format(-Math.round(seconds / 60), "minute");
  if (seconds < 80000) return words.format(-Math.round(seconds / 3600), "hour");
  return words.format(-Math.round(seconds / 86400), "day");
}

/** Returns a size: 1.4 MB. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Returns the words for how a video stands. */
export function statusWords({ status, workflow }) {
  if (status === "completed") return { plan_only: "Plan is ready", storyboard_only: "Storyboard is ready" }[workflow] || "Finished";
  return {
    queued: "Queued",
    running: "Being made",
    awaiting_approval: "Waits for your approval",
    paused: "Paused",
    budget_exceeded: "Waits for money",
    failed: "Failed",
    cancelled: "Cancelled",
    deleting: "Being deleted",
  }[status] || sentence(status);
}

/** Returns what a video is called before it has a title. */
export const nameBrief = ({ prompt, product, script }) => prompt || product?.name || (script ? "A trailer" : "A video");

/** Returns a name from the API as words that begin a line. */
export function sentence(name) {
  const words = String(name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const KINDS = { conform: "segment" };

/** Returns what a person calls a job. "clip 3" says its kind already; "beat 2" does not. */
export function jobWords({ kind, item }) {
  if (kind === "reference") return `picture of “${item}”`;
  const noun = KINDS[kind] || kind;
  if (item.startsWith(noun) || item.endsWith(noun)) return item;
  return `${noun} of ${item}`;
}

/** Returns the name of a stage, short enough for a phone. */
export const stageWords = (stage) => sentence({ soundtrack: "sound", cut: "film" }[stage] || stage);

/** Returns a count with its noun. */
export function count(number, noun, nouns = `${noun}s`) {
  return `${number} ${number === 1 ? noun : nouns}`;
}

export const ENDED = new Set(["completed", "failed", "cancelled"]);
