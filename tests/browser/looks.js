// What a test asks of a page that is shown: names of controls, contrasts, weight.

/** Returns each control that has no name. */
window.listNameless = () => {
  const named = (node) => {
    const by = (node.getAttribute("aria-labelledby") || "").split(" ")
      .map((id) => document.getElementById(id)?.textContent || "").join("");
    const labels = [...(node.labels || [])].map((label) => label.textContent).join("");
    const own = node.matches("input, select, textarea") ? "" : node.textContent;
    const images = [...node.querySelectorAll("img")].map((image) => image.alt).join("");
    return [by, labels, own, images, node.getAttribute("aria-label") || ""].some((text) => text.trim());
  };
  return [...document.querySelectorAll("a, button, input, select, textarea, summary, video, [role=button]")]
    .filter((node) => node.type !== "hidden" && !named(node)).map((node) => node.outerHTML.slice(0, 200));
};

const read = (colour) => {
  const parts = colour.match(/[\d.]+/g).map(Number);
  return parts.length === 3 ? [...parts, 1] : parts;
};
const lay = (top, under) => top.slice(0, 3).map((part, n) => part * top[3] + under[n] * (1 - top[3]));
const shine = (colour) => {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

function findGround(node) {
  const layers = [];
  for (let at = node; at; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (style.backgroundImage !== "none") return null; // a picture has no one colour
    layers.push(read(style.backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reverse().reduce((under, top) => lay(top, under), [255, 255, 255]);
}

/** Returns each visible text that is too pale for its ground (WCAG AA). */
window.listPale = () => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const text = texts.currentNode.data.trim();
    if (!text || node.closest("template, script, style, .unseen, [disabled], [hidden]")) continue;
    if (!node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const ground = findGround(node);
    if (!ground) continue;
    const style = getComputedStyle(node);
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const ink = read(style.color);
    const seen = lay([...ink.slice(0, 3), ink[3] * opacity], ground);
    const [dark, light] = [shine(seen), shine(ground)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${node.className} ${text.slice(0, 40)}`);
  }
  return [...new Set(found)];
};

/** Returns the bytes of the page, without what the API gave. */
window.weigh = () => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((entry) => !new URL(entry.name).pathname.startsWith("/v1/"))
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0);
