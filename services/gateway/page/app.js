// The frame of the page: which view the address names, the theme, the connection.

import { findMedia } from "./api.js";
import { say, useMedia } from "./dom.js";
import { openHome } from "./home.js";
import { openKeys } from "./keys.js";
import { openVideo } from "./video.js";

const main = document.getElementById("main");
let current = null;

useMedia(findMedia);

function route(isFirst = false) {
  const address = location.hash;
  current?.close();
  const [, id] = /^#\/videos\/([^/?]+)/.exec(address) || [];
  const view = document.createElement("div");
  main.replaceChildren(view);
  document.title = "Storywave";
  if (id) current = openVideo(view, decodeURIComponent(id));
  else if (address.startsWith("#/keys")) current = openKeys(view);
  else current = openHome(view);
  if (isFirst) return;
  scrollTo(0, 0);
  main.focus({ preventScroll: true }); // a screen reader begins with the new view
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const other = theme === "dark" ? "light" : "dark";
  document.getElementById("theme").setAttribute("aria-label", `Use the ${other} theme`);
}

function switchTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  setTheme(theme);
  try { localStorage.setItem("storywave-theme", theme); } catch { /* it holds for this page */ }
}

function tellConnection(event) {
  const place = document.getElementById("connection");
  place.textContent = event.detail ? "" : "No connection. Trying again …";
  if (event.detail) say("Connected again.");
}

function skipToMain(event) {
  event.preventDefault(); // the part of the address behind # names the view
  main.focus();
}

setTheme(document.documentElement.dataset.theme);
document.getElementById("theme").onclick = switchTheme;
document.querySelector(".skip").onclick = skipToMain;
addEventListener("hashchange", () => route());
addEventListener("connection", tellConnection);
addEventListener("needs-key", () => {
  if (!location.hash.startsWith("#/keys")) location.hash = "#/keys?needed";
});
route(true);
