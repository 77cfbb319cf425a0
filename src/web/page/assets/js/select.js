// Many photos at once: what is selected is moved, rejected, or left to the model again.

import { counted, find, findAll, make, say } from "./page.js";
import { each, review, wordFor } from "./api.js";

const AT_A_TIME = 4;
const PUT_BACK = "as before";

/** Makes the cards of a list selectable; `done` is called when photos were moved. */
export function selectable(list, done) {
  const bar = find("#bulk");
  if (!bar) return { changed() {} };
  const [count, doings, progress, failures, after] = ["count", "doings", "progress", "failures", "after"]
    .map((name) => find(`#bulk-${name}`));
  const all = find("#select-all");
  const none = find("#bulk-none");
  const shelf = list.dataset.shelf;
  let last;
  let running = false;
  /** What was said before, of what was moved last. */
  let before = [];

  const boxes = () => findAll("input[type=checkbox]", list);
  const selected = () => boxes().filter((box) => box.checked).map((box) => box.closest("li"));

  function changed() {
    const there = boxes();
    const chosen = there.filter((box) => box.checked).length;
    all.disabled = !there.length;
    all.textContent = chosen && chosen === there.length ? "Select none" : "Select all";
    if (running || !after.hidden) return;
    bar.hidden = chosen === 0;
    count.textContent = `${counted(chosen, "photo", "photos")} selected`;
  }

  /** Begins a new selection: what is told of the last one goes. */
  function fresh() {
    if (running) return;
    after.hidden = true;
    doings.hidden = false;
    none.hidden = false;
    failures.replaceChildren();
  }

  list.addEventListener("click", (event) => {
    const box = event.target.closest("input[type=checkbox]");
    if (!box) return;
    const there = boxes();
    if (event.shiftKey && last?.isConnected) {
      const [from, to] = [there.indexOf(last), there.indexOf(box)].sort((a, b) => a - b);
      for (const other of there.slice(from, to + 1)) other.checked = box.checked;
    }
    last = box;
    fresh();
    changed();
  });
  // Shift and a click on the label would mark its text.
  list.addEventListener("mousedown", (event) => event.shiftKey && event.target.closest(".tick") && event.preventDefault());

  all.addEventListener("click", () => {
    const there = boxes();
    const to = there.some((box) => !box.checked);
    for (const box of there) box.checked = to;
    fresh();
    changed();
  });
  none.addEventListener("click", () => {
    for (const box of boxes()) box.checked = false;
    changed();
    all.focus();
  });

  const photos = () => selected().map((card) => ({
    path: card.dataset.path, name: card.dataset.name, content: card.dataset.content, said: card.dataset.said, card,
  }));

  /** Says the same of many photos, and then what became of it. */
  async function run(items, wordOf, words) {
    if (running || !items.length) return;
    running = true;
    const moved = [];
    let failed = 0;
    const bar = find("progress", progress);
    fresh();
    doings.hidden = true;
    none.hidden = true;
    after.hidden = true;
    progress.hidden = false;
    failures.replaceChildren();
    bar.value = 0;
    await each(items, AT_A_TIME, async (item) => {
      try {
        const row = await review(item.path, item.content, wordOf(item));
        moved.push(item);
        if (item.card) find("input[type=checkbox]", item.card).checked = false;
        if (row.shelf !== shelf) item.card?.remove();
      } catch (error) {
        failed += 1;
        const why = error instanceof TypeError ? "nobody answers" : error.message;
        failures.append(make("li", { textContent: `${item.name}: ${why}` }));
      }
      bar.value = (moved.length + failed) / items.length;
      count.textContent = `${moved.length + failed} of ${counted(items.length, "photo", "photos")}`;
    });
    running = false;
    before = moved;
    progress.hidden = true;
    after.hidden = false;
    find("#bulk-undo").hidden = !moved.length || words === PUT_BACK;
    const told = `${counted(moved.length, "photo", "photos")} ${words}${failed ? `, ${failed} failed` : ""}`;
    count.textContent = told;
    find("#bulk-close").focus();
    changed();
    done();
  }

  find("#bulk-label").addEventListener("change", ({ target }) => {
    const label = target.value;
    target.value = "";
    if (label) run(photos(), () => ({ label }), `moved to ${label}`);
  });
  find("#bulk-reject").addEventListener("click", () => run(photos(), () => ({ rejected: true }), "rejected"));
  find("#bulk-clear").addEventListener("click", () => run(photos(), () => ({ clear: true }), "left to the model"));
  find("#bulk-undo").addEventListener("click", () => {
    const items = before.map((item) => ({ ...item, card: undefined }));
    run(items, (item) => wordFor(item.said), PUT_BACK);
  });
  find("#bulk-close").addEventListener("click", () => {
    fresh();
    changed();
    say("Closed");
    all.focus();
  });

  return { changed };
}
