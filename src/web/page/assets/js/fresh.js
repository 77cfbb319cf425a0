// Brings a page up to date without loading it anew: asks for it again, and takes over what differs.
// The server alone knows how a card is written.

import { find, findAll } from "./page.js";

/** A page of the catalogue, as a document that is not shown. */
export async function fetchPage(url, signal) {
  const response = await fetch(url, { headers: { accept: "text/html" }, signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Makes all parts that are marked for it equal to those of the fresh page. */
export function takeOver(fresh) {
  for (const old of findAll("[data-sync]")) {
    const part = find(`[data-sync="${old.dataset.sync}"]`, fresh);
    if (part) become(old, part);
  }
}

/** Makes an element equal to another one, touching only what differs: focus and pictures stay. */
export function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const keyed = new Map();
  for (const child of old.children) {
    if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  }
  let at = old.firstChild;
  for (const child of fresh.childNodes) {
    const key = child.dataset?.key;
    const same = key === undefined ? unkeyed(at) : keyed.get(key);
    if (!same) {
      old.insertBefore(arriving(document.importNode(child, true)), at);
    } else {
      if (same !== at) old.insertBefore(same, at);
      at = same.nextSibling;
      become(same, child);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** The node itself, if nothing names it: it may become any other such node. */
const unkeyed = (node) => (node && node.dataset?.key === undefined ? node : undefined);

/** Marks what was not there before, for a moment. */
export function arriving(node) {
  if (node.dataset?.key) {
    node.classList.add("arriving");
    node.addEventListener("animationend", () => node.classList.remove("arriving"), { once: true });
    setTimeout(() => node.classList.remove("arriving"), 2000);
  }
  return node;
}

/**
 * Makes a list that goes on begin with the fresh cards. What stood among the newest and no longer
 * does is taken away; what follows them stays. False if the two have nothing in common.
 */
export function mergeCards(list, fresh, goesOn) {
  const cards = [...fresh.children];
  const keys = new Set(cards.map((card) => card.dataset.key));
  const old = [...list.children];
  const last = old.findLastIndex((card) => keys.has(card.dataset.key));
  if (last < 0 && old.length && goesOn) return false;
  const byKey = new Map(old.map((card) => [card.dataset.key, card]));
  old.forEach((card, place) => {
    if (!keys.has(card.dataset.key) && (place < last || !goesOn)) card.remove();
  });
  let at = list.firstElementChild;
  for (const card of cards) {
    const same = byKey.get(card.dataset.key);
    if (!same) {
      list.insertBefore(arriving(document.importNode(card, true)), at);
    } else {
      if (same !== at) list.insertBefore(same, at);
      at = same.nextElementSibling;
      become(same, card);
    }
  }
  return true;
}

/** Calls `work` soon after each call, but never twice at a time, nor more often than once a second. */
export function sooner(work) {
  let running = false;
  let again = false;
  return async function run() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      await new Promise((done) => { setTimeout(done, 250); });
      again = false;
      try {
        await work();
      } catch {
        // Nobody answers: the next change asks again.
      }
      await new Promise((done) => { setTimeout(done, 750); });
    }
    running = false;
  };
}
