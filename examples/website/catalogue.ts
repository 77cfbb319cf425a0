// What a website asks the catalogue, in TypeScript: runs in browsers and in Node.
//
//   const shop = new Catalogue("http://127.0.0.1:9002");
//   for await (const image of shop.shelf("hat", { min_confidence: 0.9 })) show(image);

export interface Image {
  image: string;
  bucket: string;
  key: string;
  shelf: string;
  label?: string;
  confidence?: number;
  width?: number;
  height?: number;
  content_sha256?: string;
  added_at: string;
}

export interface Change {
  image: string;
  shelf: string | null;
  changed_at: string;
}

interface Page {
  images: Image[];
  next?: string;
}

interface Changes {
  changes: Change[];
  next: string;
  more: boolean;
}

export class Catalogue {
  constructor(
    private readonly address: string,
    // Needed where reading is closed, and for reviews. Never send one to a browser.
    private readonly token?: string,
  ) {}

  /** All photos of a shelf, newest first, page by page. */
  async *shelf(name: string, query: { min_confidence?: number; text?: string } = {}): AsyncGenerator<Image> {
    let cursor: string | undefined;
    do {
      const page = await this.ask<Page>(`/api/shelves/${encodeURIComponent(name)}`, { ...query, cursor });
      yield* page.images;
      // A page may be empty: only a missing `next` says that it is the last.
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** The address of a picture, at most that many pixels across. */
  picture(image: Image, width: number): string {
    return `${this.address}${this.path(image)}/photo?width=${width}&v=${image.content_sha256 ?? ""}`;
  }

  /** Says what a photo shows; refused (412) if another photo has taken its place meanwhile. */
  review(image: Image, label: string): Promise<Image> {
    const headers = { "If-Match": `"${image.content_sha256}"`, "Content-Type": "application/json" };
    const body = JSON.stringify({ label });
    return this.ask(`${this.path(image)}/review`, {}, { method: "PUT", headers, body });
  }

  /** What has changed since a place; without one, the place to begin at. */
  async changes(since?: string): Promise<{ changes: Change[]; next: string }> {
    const changes: Change[] = [];
    for (;;) {
      const page = await this.ask<Changes>("/api/changes", { since });
      changes.push(...page.changes);
      since = page.next;
      if (!page.more) return { changes, next: since };
    }
  }

  /** A photo's address: its key is one part of it, slashes and all. */
  private path(image: Image): string {
    return `/api/images/${image.bucket}/${encodeURIComponent(image.key)}`;
  }

  private async ask<T>(
    path: string,
    query: Record<string, string | number | undefined> = {},
    request: RequestInit = {},
  ): Promise<T> {
    const url = new URL(path, this.address);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers = new Headers(request.headers);
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    const answer = await fetch(url, { ...request, headers });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
      throw new Error(`${answer.status}: ${problem.detail}`);
    }
    return answer.json() as Promise<T>;
  }
}
