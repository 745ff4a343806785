// Prices before, meanwhile and afterwards: the estimate, the cap, the receipt.

import { h } from "./dom.js";
import { ceilCents, count, jobWords, money, readDollars, sentence, span } from "./words.js";

/** Returns the price of what is in the form; `found` is an offer, an error, or nothing yet, and
 * `allow` takes a budget that would do. It is two lines high: what is below does not move. */
export function drawPrice(found, allow) {
  if (!found) return [h("p", { class: "soft" }, "The price appears here as you type.")];
  if (found.error) return [drawRefusal(found.error.message, found.error.errors)];
  const { offer } = found;
  const free = readDollars(offer.total) === 0;
  return [
    h("div", { class: "price-line" },
      h("p", {}, h("strong", { class: "figure" }, free ? "Free" : `Up to ${money(offer.total)}`),
        " ", h("span", { class: "soft" }, describeOffer(offer))),
      !free && drawItems(offer)),
    offer.is_within_budget ? h("p", { class: "soft small" }, free ? offer.notes[0] || "" : "where nothing has to be tried twice")
      : drawDear(offer, allow),
  ];
}

const describeOffer = ({ seconds, clips }) => (seconds ? `${span(1000 * seconds)}, ${count(clips, "clip")}` : "");

function drawDear({ budget, total }, allow) {
  return h("p", { class: "warn-text small" }, budget
    ? `That is more than its budget of ${money(budget)}: it would stop after the plan. `
    : "Nothing is spent without a budget. ",
  h("button", { type: "button", class: "chip", onclick: () => allow(ceilCents(total)) },
    `Let it cost $${ceilCents(total)}`));
}

function drawItems(offer) {
  return h("details", { class: "small" }, h("summary", {}, "What it is made of"),
    h("table", {}, h("caption", { class: "unseen" }, "The price, kind by kind"),
      h("tbody", {}, offer.lines.filter((line) => readDollars(line.total) > 0).map((line) =>
        h("tr", {},
          h("th", { scope: "row" }, `${line.items} × ${line.kind}`),
          h("td", { class: "soft" }, line.model),
          h("td", { class: "amount" }, money(line.total)))))),
    offer.notes.map((note) => h("p", { class: "soft note" }, note)));
}

/** Returns why something was refused, and what to do; it can be given the focus. */
export function drawRefusal(text, errors = []) {
  const more = errors.length > 1;
  return h("div", { class: "notice bad", role: "alert", tabindex: "-1" },
    more ? h("ul", {}, errors.map((each) =>
      h("li", {}, each.field ? `${sentence(each.field.split(".").pop())}: ` : "", each.message)))
      : h("p", {}, errors.length && errors[0].field
        ? `${sentence(errors[0].field.split(".").pop())}: ${errors[0].message}` : text));
}

/** Returns what a video has cost against what it may. */
export function drawCost(video, receipt) {
  const paid = readDollars(receipt ? receipt.paid : video.cost);
  const held = readDollars(receipt?.held);
  const cap = receipt?.cap ?? video.budget;
  const most = cap === null || cap === undefined ? null : readDollars(cap);
  if (paid + held === 0 && most === null) {
    return [h("p", {}, h("strong", { class: "figure" }, "$0"), " ",
      h("span", { class: "soft" }, "Nothing here costs money."))];
  }
  return [
    h("p", {}, h("strong", { class: "figure" }, money(String(paid))),
      h("span", { class: "soft" }, most === null ? " so far" : ` of at most ${money(String(most))}`)),
    most !== null && h("div", { class: "meter", role: "meter", "aria-label": "Spent of the budget",
      "aria-valuemin": 0, "aria-valuemax": most, "aria-valuenow": paid },
    h("div", { class: "meter-paid", style: { width: `${portion(paid, most)}%` } }),
    h("div", { class: "meter-held", style: { width: `${portion(held, most - paid)}%` } })),
    held > 0 && h("p", { class: "soft small" }, `${money(String(held))} held for what is being made`),
  ];
}

const portion = (part, whole) => (whole > 0 ? Math.min(100, (100 * part) / whole) : 0);

/** Returns the receipt: one row for each attempt that money was held for. */
export function drawReceipt(receipt) {
  if (!receipt) return [h("p", { class: "soft" }, "Loading …")];
  if (!receipt.rows.length) {
    return [h("p", { class: "soft" }, "No attempt was paid for: all of this was made without cost.")];
  }
  return [
    h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Receipt" },
      h("table", { class: "receipt" },
        h("thead", {}, h("tr", {}, ["Item", "Model", "Run", "Held", "Paid"].map((name, n) =>
          h("th", { scope: "col", class: n > 2 ? "amount" : null }, name)))),
        h("tbody", {}, receipt.rows.map(drawRow)),
        h("tfoot", {}, h("tr", {},
          h("th", { scope: "row", colspan: 3 }, count(receipt.rows.length, "attempt")),
          h("td", { class: "amount" }, money(receipt.held)),
          h("td", { class: "amount" }, money(receipt.paid)))))),
  ];
}

function drawRow(row) {
  const again = row.attempt > 1 ? `, attempt ${row.attempt}` : "";
  return h("tr", {},
    h("th", { scope: "row" }, sentence(jobWords(row)), h("span", { class: "soft" }, again),
      row.why && h("span", { class: "soft small line" }, row.why)),
    h("td", {}, row.model || "–"),
    h("td", { class: "soft mono" }, row.run || "–"),
    h("td", { class: "amount" }, row.paid === null ? money(row.reserved) : ""),
    h("td", { class: "amount" }, row.state === "unresolved" ? "Not known yet"
      : row.paid === null ? "Open" : money(row.paid)));
}
