// The photos that come next: fetched page by page, with their pictures and scores ahead of time.

import { find, fileName, make, photoPath, picturePath, segment } from "./page.js";
import { json } from "./api.js";

const PAGE = 50;
const ENOUGH = 25;
const PREPARED = 4;
const WIDTHS = [640, 960, 1600];

export class Deck {
  /** The photos to come; the first one is shown. */
  ahead = [];
  #shelf;
  #cursor;
  #known = new Set();
  #filling;
  #begun = false;
  #width;

  constructor(shelf) {
    this.#shelf = `/api/shelves/${segment(shelf)}`;
    const wide = (find("#stage")?.clientWidth ?? 640) * Math.min(devicePixelRatio, 2);
    this.#width = WIDTHS.find((width) => width >= wide) ?? WIDTHS.at(-1);
  }

  get current() {
    return this.ahead[0];
  }

  /** Whether all photos of the shelf are here. */
  get whole() {
    return this.#begun && !this.#cursor;
  }

  /** Fetches more if few are left; several calls share one request. */
  fill() {
    if (this.ahead.length >= ENOUGH || this.whole) return Promise.resolve();
    this.#filling ??= this.#fetch().finally(() => { this.#filling = undefined; });
    return this.#filling;
  }

  /** Looks again from the beginning: some may have come since. */
  async again() {
    this.#begun = false;
    this.#cursor = undefined;
    await this.fill();
  }

  async #fetch() {
    // A page may be short, or empty, and not be the last one.
    do {
      const query = new URLSearchParams({ limit: PAGE });
      if (this.#cursor) query.set("cursor", this.#cursor);
      const page = await json(`${this.#shelf}?${query}`);
      this.#begun = true;
      this.#cursor = page.next;
      for (const photo of page.images) this.add(photo);
    } while (this.#cursor && this.ahead.length < ENOUGH);
  }

  /** Adds a photo that was not here before, at the end. */
  add(photo) {
    // What was never read cannot be judged.
    if (this.#known.has(photo.image) || !photo.content_sha256) return;
    this.#known.add(photo.image);
    this.ahead.push({ ...photo, path: photoPath(photo), name: fileName(photo.key) });
  }

  /** Takes a photo away that is gone; true if it was the one that is shown. */
  drop(image) {
    const place = this.ahead.findIndex((photo) => photo.image === image);
    if (place >= 0) this.ahead.splice(place, 1);
    this.#known.delete(image);
    return place === 0;
  }

  /** Puts a photo back: in front, or in some place. */
  putBack(photo, place = 0) {
    this.ahead = this.ahead.filter((other) => other.image !== photo.image);
    this.ahead.splice(place, 0, photo);
  }

  /** Fetches and decodes the pictures and scores of the next photos. */
  prepare() {
    for (const photo of this.ahead.slice(0, PREPARED)) {
      photo.picture ??= this.#picture(photo);
      photo.row ??= json(`/api${photo.path}`).then((row) => { photo.scores = row.scores; }).catch(() => {
        // It is asked for again when it is shown.
        photo.row = undefined;
      });
    }
  }

  #picture(photo) {
    const picture = make("img", { alt: `Photo to review: ${photo.name}`, draggable: false });
    if (photo.width && photo.height) Object.assign(picture, { width: photo.width, height: photo.height });
    picture.src = picturePath(photo, this.#width);
    picture.decode().catch(() => {
      const place = make("p", { className: "no-picture", textContent: `${photo.name} cannot be shown` });
      photo.picture = place;
      picture.replaceWith(place);
    });
    return picture;
  }
}

/** The model's best guesses: label and score, the best one first. */
export function guesses(photo) {
  if (photo.scores) return Object.entries(photo.scores).sort((a, b) => b[1] - a[1]).slice(0, 3);
  return photo.label ? [[photo.label, photo.confidence]] : [];
}
