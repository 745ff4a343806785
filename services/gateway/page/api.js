// What the page asks of the API. A key is kept for this tab only, and goes with each request.

const KEY = "storywave-key";
const known = JSON.parse(document.getElementById("known").content.textContent);
const operations = new Set(known.operations);

/** Tells whether this version of the API can be asked for it, as in can("POST /v1/videos"). */
export const can = (operation) => operations.has(operation);

/** Returns the names that a field of a request may have; none where it is unknown. */
export const choices = (field) => known.fields[field] || [];

/** Tells whether a request may have a field. */
export const takes = (field) => field in known.fields;

/** Returns the key of this tab; empty without one. */
export function readKey() {
  try { return sessionStorage.getItem(KEY) || ""; } catch { return ""; }
}

/** Keeps a key for this tab, or forgets it. */
export function keepKey(key) {
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch { /* without storage the key holds until the page is left: it can't be kept */ }
  for (const address of fetched.values()) address.then(URL.revokeObjectURL, () => {});
  fetched.clear();
}

/** An answer that is no success, in words that say what to do. */
export class Problem extends Error {
  constructor(status, said = {}) {
    const detail = said.detail || (status ? `The server answered ${status}.` : OFFLINE);
    // a hint that stands in the detail is for programs: it names paths of the API
    const plain = detail.replace(said.hint || "", "").trim() || detail;
    const name = status >= 500 && said.request_id && `Its number is ${said.request_id}: whoever runs this finds it in the log.`;
    super([plain, name].filter(Boolean).join(" "));
    this.status = status;
    this.errors = said.errors || [];
  }
}

const OFFLINE = "Storywave can't be reached. Is it still running, and are you online?";

/** Returns the answer to a request, read as JSON. One that is lost on its way is sent once more,
 * under the same key: so what it asks for is done once. */
export async function ask(method, path, body, headers = {}) {
  const once = method === "POST" ? { "Idempotency-Key": makeKey() } : {};
  const sent = { method, headers: { ...authorise(), ...once, ...headers } };
  if (body instanceof Blob) {
    sent.body = body;
  } else if (body !== undefined) {
    sent.headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(body);
  }
  const answer = await send(path, sent).catch((problem) => {
    if (method !== "POST" || problem.status) throw problem;
    return send(path, sent);
  });
  return answer.status === 204 ? null : answer.json();
}

/** Returns the answer to a request to look at something. */
export const get = (path) => ask("GET", path);

async function send(path, sent) {
  const since = performance.now();
  let answer;
  try {
    answer = await fetch(path, sent);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tellConnection(false);
    throw new Problem(0);
  }
  if (since > lostAt) tellConnection(true); // one that was under way says nothing of what came then
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) dispatchEvent(new CustomEvent("needs-key"));
  throw new Problem(answer.status, said);
}

function authorise() {
  const key = readKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

let connected = true;
let lostAt = 0;

function tellConnection(now) {
  if (!now) lostAt = performance.now();
  if (connected === now) return;
  connected = now;
  dispatchEvent(new CustomEvent("connection", { detail: now }));
}

addEventListener("offline", () => tellConnection(false));
addEventListener("online", () => tellConnection(true)); // a request that fails says otherwise

// ── bytes ─────────────────────────────────────────────────────────────────────────────────────

const fetched = new Map();

/** Returns an address that an image or a player can load. Neither can send a key: so with one,
 * the bytes are fetched here. */
export async function findMedia(address) {
  if (!readKey() || address.includes("sig=")) return address; // a signed link needs no key
  if (!fetched.has(address)) {
    fetched.set(address, fetchBytes(address));
    fetched.get(address).catch(() => fetched.delete(address));
  }
  return fetched.get(address);
}

async function fetchBytes(address) {
  const answer = await send(address, { headers: authorise() });
  return URL.createObjectURL(await answer.blob());
}

/** Returns an address with one more thing asked of it. */
export const withQuery = (address, query) => `${address}${address.includes("?") ? "&" : "?"}${query}`;

/** Saves a file of the API under a name. */
export async function save(address, name) {
  const link = document.createElement("a");
  link.href = await findMedia(address);
  link.download = name;
  link.click();
}

// ── live messages ─────────────────────────────────────────────────────────────────────────────

const WAITS = [500, 1000, 2000, 5000];

/** Calls `hear` with each message of a stream until it has ended or is aborted; a stream that
 * breaks off is taken up again. The stream of all videos is endless. */
export async function follow(path, hear, signal, { isEndless = false } = {}) {
  const at = { id: "", tries: 0, over: false, isEndless };
  while (!signal.aborted && !at.over) {
    try {
      const headers = { Accept: "text/event-stream", ...authorise() };
      if (at.id) headers["Last-Event-ID"] = at.id;
      const answer = await send(path, { headers, signal });
      if (answer.status === 204) return;
      await readStream(answer.body, at, hear);
      if (at.over) return;
    } catch (error) {
      if (signal.aborted || (error.status && error.status < 500)) return;
    }
    await wait(WAITS[Math.min(at.tries++, WAITS.length - 1)], signal);
  }
}

async function readStream(body, at, hear) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = parts.pop();
    for (const part of parts) readMessage(part, at, hear);
  }
}

function readMessage(text, at, hear) {
  const fields = { event: "message", data: "" };
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) || [];
    if (name) fields[name] = name === "data" && fields.data ? `${fields.data}\n${value}` : value;
  }
  if (fields.id) at.id = fields.id;
  if (!fields.data) return;
  at.tries = 0;
  at.over = !at.isEndless && ["completed", "failed", "cancelled"].includes(fields.event);
  hear(fields.event, JSON.parse(fields.data));
}

/** Waits so long, or until it is aborted. */
export function wait(ms, signal) {
  return new Promise((go) => {
    setTimeout(go, ms);
    signal?.addEventListener("abort", go, { once: true });
  });
}

/** Returns a key under which a request that is sent twice is made once. */
export function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
