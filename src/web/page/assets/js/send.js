// Sends what a person said, in the background: in order for each photo, a few photos at a time, and
// again until somebody answers.

import { Problem, review } from "./api.js";

const AT_A_TIME = 4;
const LONGEST_WAIT = 15_000;

export class Sender {
  #waiting = [];
  #underway = new Map();
  #wait = 0;
  #timer;
  #told;
  #refused;

  /** `told` is called when something changes; `refused` with an entry and a Problem. */
  constructor(told, refused) {
    this.#told = told;
    this.#refused = refused;
    addEventListener("online", () => this.#resume());
    addEventListener("beforeunload", (event) => {
      if (this.unsent) event.preventDefault();
    });
  }

  /** How many words are not yet in the catalogue. */
  get unsent() {
    return this.#waiting.length + this.#underway.size;
  }

  /** Whether nobody answers at the moment. */
  get stuck() {
    return this.#wait > 0;
  }

  /** Sends a word; gives the entry, by which it can be taken back. */
  add(photo, word) {
    const entry = { photo, word };
    this.#waiting.push(entry);
    this.#pump();
    return entry;
  }

  /** Takes a word back that was not yet sent; false if it was. */
  takeBack(entry) {
    const place = this.#waiting.indexOf(entry);
    if (place < 0) return false;
    this.#waiting.splice(place, 1);
    this.#told();
    return true;
  }

  #resume() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump();
  }

  #pump() {
    while (!this.#timer && this.#underway.size < AT_A_TIME) {
      const place = this.#waiting.findIndex((entry) => !this.#underway.has(entry.photo.image));
      if (place < 0) break;
      const [entry] = this.#waiting.splice(place, 1);
      this.#underway.set(entry.photo.image, entry);
      this.#send(entry);
    }
    this.#told();
  }

  async #send(entry) {
    const { photo, word } = entry;
    try {
      const row = await review(photo.path, photo.content_sha256, word);
      this.#wait = 0;
      entry.row = row;
      this.#underway.delete(photo.image);
    } catch (error) {
      this.#underway.delete(photo.image);
      if (error instanceof Problem && !error.passes) {
        this.#wait = 0;
        this.#refused(entry, error);
      } else {
        // Nobody answers, or not now: again, in its place.
        this.#waiting.unshift(entry);
        this.#wait = Math.min(this.#wait * 2 || 1000, LONGEST_WAIT);
        const wait = (error.wait ?? 0) * 1000 || this.#wait;
        this.#timer ??= setTimeout(() => this.#resume(), wait);
      }
    }
    this.#pump();
  }
}
