// Elements from values, and the changes that turn what is shown into what is to be shown.
// User texts only ever become text nodes or attributes: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** Returns a new element. Functions are listeners, `key` names it among its siblings, `keep`
 * leaves its inside alone once it is shown, `media` is an address that `show` loads. */
export function h(tag, given, ...children) {
  return build(document.createElement(tag), given, children);
}

/** Returns a new element of a drawing. */
export function s(tag, given, ...children) {
  return build(document.createElementNS(SVG, tag), given, children);
}

function build(node, given, children) {
  for (const [name, value] of Object.entries(given || {})) set(node, name, value);
  for (const child of children.flat(9)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") {
    (node.listeners ||= new Set()).add(name);
    node[name] = value;
  } else if (name === "style") {
    // one by one, since a policy forbids styles within markup
    for (const [property, of] of Object.entries(value)) node.style.setProperty(property, of);
  } else if (name === "key" || name === "keep") node[name] = value;
  else if (name === "media") node.dataset.media = value;
  else node.setAttribute(name, value === true ? "" : value);
}

/** Shows these children in a place, by the fewest changes: focus, scrolling, and what is typed
 * or played in them stay. */
export function show(place, ...children) {
  const wanted = document.createElement(place.nodeName);
  build(wanted, null, children);
  changeChildren(place, wanted);
  for (const node of place.querySelectorAll("[data-media]")) loadMedia(node);
}

let findMedia = async (address) => address;

/** Says how an address of the API becomes one that an image or a player can load. */
export function useMedia(find) { findMedia = find; }

async function loadMedia(node) {
  const address = node.dataset.media;
  if (node.loaded === address) return;
  node.loaded = address;
  try {
    const found = await findMedia(address);
    if (node.loaded === address) node.src = found;
  } catch {
    node.classList.add("missing");
  }
}

function change(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.key !== fresh.key) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (fresh.keep && old.keep === fresh.keep) return;
  changeAttributes(old, fresh);
  for (const name of old.listeners || []) if (!fresh.listeners?.has(name)) old[name] = null;
  for (const name of fresh.listeners || []) old[name] = fresh[name];
  old.listeners = fresh.listeners;
  old.keep = fresh.keep;
  changeChildren(old, fresh);
}

// What a reader has opened stays open, and what is loaded stays loaded.
const OWN = new Set(["open", "src", "style"]);

function changeAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!OWN.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!OWN.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style && old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
}

function changeChildren(old, fresh) {
  const keyed = new Map();
  for (const child of old.childNodes) if (child.key !== undefined) keyed.set(child.key, child);
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = wanted.key === undefined ? null : keyed.get(wanted.key);
    if (known) {
      if (known === at) at = at.nextSibling;
      else old.insertBefore(known, at);
      change(known, wanted);
    } else if (at && at.key === undefined && wanted.key === undefined) {
      const next = at.nextSibling;
      change(at, wanted);
      at = next;
    } else {
      old.insertBefore(wanted, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Tells a screen reader something, once it has finished what it says. */
export function say(text) {
  const place = document.getElementById("said");
  if (place.textContent !== text) place.textContent = text;
}

/** Returns a function that runs soon after it is called, and at most once in so long. */
export function atMostEvery(ms, run) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      run();
    }, ms);
  };
}

/** Returns a function that runs once the calls to it have stopped for so long. */
export function later(ms, run) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, ms);
  };
}
