// A shelf: its photos come as the page is scrolled, as they are asked for, and as they arrive.

import "./app.js";
import { counted, find, findAll, later, make, percent, say } from "./page.js";
import { become, fetchPage, mergeCards, sooner, takeOver } from "./fresh.js";
import { selectable } from "./select.js";

const list = find("#cards");
const end = find("#end");
const filter = find("#filter");
const shelf = list.dataset.shelf;

/** Counts what the list was filled with: an answer to an older question is not shown. */
let question = 0;
let loading = false;
/** Whether more than the first page is shown. */
let goesOn = false;

const selection = selectable(list, () => refresh());

/** The path of the shelf's first page, with what is asked for. */
function asked() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(filter)) {
    // A confidence of 0 leaves nothing out; a text of 0 does.
    if (value && (name !== "min_confidence" || Number(value) !== 0)) query.set(name, value);
  }
  const text = query.toString();
  return location.pathname + (text && `?${text}`);
}

/** Shows the page's list in place of what is there. */
function replace(fresh) {
  list.replaceChildren(...[...find("#cards", fresh).children].map((card) => document.importNode(card, true)));
  become(end, find("#end", fresh));
  goesOn = false;
  selection.changed();
  watch();
}

// More photos, before the end is in sight.

const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), {
  rootMargin: "900px",
});

function watch() {
  observer.unobserve(end);
  if (find("a[rel=next]", end)) observer.observe(end);
}

async function more() {
  const link = find("a[rel=next]", end);
  if (!link || loading) return;
  loading = true;
  const mine = question;
  const focused = document.activeElement === link;
  try {
    const fresh = await fetchPage(link.href);
    if (mine !== question) return;
    const known = new Set([...list.children].map((card) => card.dataset.key));
    const cards = [...find("#cards", fresh).children].filter((card) => !known.has(card.dataset.key));
    const nodes = cards.map((card) => document.importNode(card, true));
    list.append(...nodes);
    become(end, find("#end", fresh));
    goesOn = true;
    selection.changed();
    if (nodes.length) say(`${counted(nodes.length, "more photo", "more photos")}`);
    if (focused) find("a", nodes[0] ?? end)?.focus();
    watch();
  } catch {
    observer.unobserve(end);
    link.textContent = "More photos (they could not be fetched: try again)";
  } finally {
    loading = false;
  }
}

end.addEventListener("click", (event) => {
  if (!event.target.closest("a[rel=next]") || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  more();
});

// What is asked for, while it is being asked.

let asking;
async function narrow() {
  question += 1;
  asking?.abort();
  asking = new AbortController();
  const path = asked();
  try {
    const fresh = await fetchPage(path, asking.signal);
    history.replaceState(null, "", path);
    replace(fresh);
    say(list.children.length ? counted(list.children.length, "photo shown", "photos shown") : "No photo matches");
  } catch (error) {
    if (error.name !== "AbortError") say("The photos could not be fetched.");
  }
}

const least = find("#least");
const soon = later(narrow, 250);
filter.addEventListener("input", () => {
  if (least) find("#least-said").textContent = Number(least.value) ? percent(Number(least.value)).replace(".0", "") : "any";
  soon();
});
filter.addEventListener("submit", (event) => {
  event.preventDefault();
  narrow();
});

// What arrives and leaves.

const isFirst = () => !new URLSearchParams(location.search).has("cursor");

const refresh = sooner(async () => {
  const mine = question;
  const fresh = await fetchPage(asked());
  takeOver(fresh);
  // On a later page there is nothing to put in front.
  if (!isFirst() || mine !== question || loading) return;
  const cards = find("#cards", fresh);
  if (!mergeCards(list, cards, goesOn || find("a[rel=next]", fresh) !== null)) {
    replace(fresh);
  } else if (!goesOn) {
    become(end, find("#end", fresh));
    watch();
  }
  selection.changed();
});

document.addEventListener("lookbook:change", ({ detail: change }) => {
  if (change.outcome !== "retry" && change.shelf !== shelf && change.shelf != null) take(change.image);
  if (change.outcome === "removed") take(change.image);
  refresh();
});
document.addEventListener("lookbook:missed", refresh);

/** Takes a card away. */
function take(image) {
  findAll(":scope > li", list).find((card) => card.dataset.key === image)?.remove();
  selection.changed();
}

// A picture that cannot be shown says so.
list.addEventListener("error", ({ target }) => {
  if (target.tagName !== "IMG") return;
  target.replaceWith(make("span", { className: "no-picture", textContent: target.alt }));
}, true);

watch();
