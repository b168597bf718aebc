/** Keeps the pictures of the tiles on screen fresh with few requests in flight. Pure but for the clock and fetcher given. */

import type { Picture } from "./server.ts";

export const IN_FLIGHT = 4;
/** An older picture is not live: dimmed and marked. */
export const OLD_AFTER_S = 5;
const AFTER_FAILURE_MS = 5_000;

export interface Wanted {
  id: string;
  everyMs: number;
}

export type Fetcher = (id: string, etag: string, signal: AbortSignal) => Promise<Picture | null>;

interface Tile {
  everyMs: number;
  dueMs: number;
  etag: string;
  busy: AbortController | null;
}

/** Asks for the most overdue tile first, never for more than ``IN_FLIGHT`` at a time, and only for tiles wanted. */
export class Pictures {
  #tiles = new Map<string, Tile>();
  #fetch: Fetcher;
  #deliver: (id: string, picture: Picture) => void;

  constructor(fetch: Fetcher, deliver: (id: string, picture: Picture) => void) {
    this.#fetch = fetch;
    this.#deliver = deliver;
  }

  /** Say which tiles are on screen; others are forgotten and their requests ended. */
  want(tiles: readonly Wanted[]): void {
    const wanted = new Set(tiles.map((tile) => tile.id));
    for (const [id, tile] of this.#tiles) {
      if (!wanted.has(id)) {
        tile.busy?.abort();
        this.#tiles.delete(id);
      }
    }
    for (const { id, everyMs } of tiles) {
      const known = this.#tiles.get(id);
      if (known) known.everyMs = everyMs;
      else this.#tiles.set(id, { everyMs, dueMs: 0, etag: "", busy: null });
    }
  }

  get inFlight(): number {
    let n = 0;
    for (const tile of this.#tiles.values()) n += tile.busy === null ? 0 : 1;
    return n;
  }

  /** Start what is due; call it a few times a second. */
  step(nowMs: number): void {
    const due = [...this.#tiles].filter(([, tile]) => tile.busy === null && tile.dueMs <= nowMs);
    due.sort(([, a], [, b]) => a.dueMs - b.dueMs);
    for (const [id, tile] of due.slice(0, IN_FLIGHT - this.inFlight)) void this.#ask(id, tile, nowMs);
  }

  async #ask(id: string, tile: Tile, nowMs: number): Promise<void> {
    const request = new AbortController();
    tile.busy = request;
    tile.dueMs = nowMs + tile.everyMs;
    try {
      const picture = await this.#fetch(id, tile.etag, request.signal);
      if (picture !== null && this.#tiles.get(id) === tile) {
        tile.etag = picture.etag;
        this.#deliver(id, picture);
      }
    } catch {
      tile.dueMs = nowMs + AFTER_FAILURE_MS;
    } finally {
      tile.busy = null;
    }
  }
}
