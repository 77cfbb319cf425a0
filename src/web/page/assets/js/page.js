// What all scripts need: the page's settings, elements, words and paths.

document.documentElement.classList.add("script");

const settings = document.body.dataset;
export const mayWrite = "mayWrite" in settings;
export const mayUpload = "uploads" in settings;
export const updates = settings.updates;

export const find = (selector, within = document) => within.querySelector(selector);
export const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with properties and children; a text is a text, whatever is in it. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

/** Says something to who listens to the page. */
export function say(text) {
  const region = find("#said");
  // The same words twice are said twice.
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}

/** A text as one segment of a path, as the server writes it. */
export function segment(text) {
  if (/^\.*$/.test(text)) return "%2E".repeat(text.length);
  return encodeURIComponent(text);
}

export const photoPath = (photo) => `/images/${segment(photo.bucket)}/${segment(photo.key)}`;
export const picturePath = (photo, width) => {
  const version = photo.content_sha256 ? `&v=${photo.content_sha256}` : "";
  return `/api${photoPath(photo)}/photo?width=${width}${version}`;
};

export const fileName = (key) => key.split("/").findLast((part) => part) ?? key;

/** A share of 0 to 1 as 97.5%; what is not all does not say 100.0%. */
export function percent(share) {
  const tenths = Math.round(share * 1000);
  return `${((share < 1 ? Math.min(tenths, 999) : tenths) / 10).toFixed(1)}%`;
}

const grouped = new Intl.NumberFormat("en-GB");
export const number = (count) => grouped.format(count);
export const counted = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

/** Calls `work` some time after the last of many calls. */
export function later(work, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
