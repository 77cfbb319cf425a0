// The catalogue's JSON API. What it refuses becomes a Problem, whose message is for people.

export class Problem extends Error {
  constructor(status, words, wait) {
    super(words);
    this.status = status;
    // Seconds after which it may be asked again, if it said so.
    this.wait = wait;
  }

  /** Whether the same request may be granted later. */
  get passes() {
    return this.status === 429 || this.status >= 500;
  }
}

/** The answer to a request; throws a Problem if it is refused, a TypeError if nobody answers. */
export async function ask(path, options) {
  const response = await fetch(path, options);
  if (response.ok) return response;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not from the catalogue: a proxy's page, or nothing.
  }
  const words = problem.detail || problem.title || `The server answered ${response.status}.`;
  throw new Problem(response.status, words, Number(response.headers.get("retry-after")) || undefined);
}

export const json = async (path) => (await ask(path, { headers: { accept: "application/json" } })).json();

/** Says of a photo's content what a person said; gives the row. `path` is that of the photo's page. */
export async function review(path, content, word) {
  const headers = { "content-type": "application/json", "if-match": `"${content}"` };
  const body = JSON.stringify(word);
  return (await ask(`/api${path}/review`, { method: "PUT", headers, body })).json();
}

/** What `review` is to be told so that a photo is as it was: `said` is what a person said before. */
export function wordFor(said) {
  if (!said) return { clear: true };
  return said === "rejected" ? { rejected: true } : { label: said };
}

/** Does `work` for each item, a few at a time. */
export async function each(items, atATime, work) {
  const left = [...items];
  const worker = async () => {
    while (left.length) await work(left.shift());
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
