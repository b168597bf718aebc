/** The race that is open on this screen: asked anew every few seconds, one call at a time. */

import { BEFORE_S, pauseMs, seenAtOf, shownRace, type Raced, type Sighting, type Stage } from "./race.ts";
import { get, post, Refused } from "./server.ts";
import type { Alert, Passage, Race } from "./types.ts";
import { wall } from "./wall.svelte.ts";

/** Longer than the server itself waits for its planner. */
const GIVE_UP_MS = 25_000;
const PAGE = 500;
const PAGES = 6;

class Pursuit {
  stage = $state.raw<Stage>({ kind: "closed" });
  /** Status and words of the last refusal; null once an answer came. */
  refusal = $state.raw<{ status: number; words: string } | null>(null);
  passages = $state.raw<ReadonlyMap<string, Passage>>(new Map());
  /** ``cut``: there are more than were listed. */
  listed = $state<"loading" | "all" | "cut" | "failed">("loading");

  #raced = $state.raw<Raced | null>(null);
  readonly sighting = $derived(this.stage.kind === "asked" ? this.stage.sighting : null);
  readonly shown = $derived(
    shownRace(this.#raced, {
      monotonicMs: wall.nowMs,
      wallMs: Date.now(),
      lastMessageMs: wall.lastMessageMs,
      status: wall.status,
    }),
  );
  /** The last answer, however old: for names alone. */
  readonly last = $derived(this.#raced?.race ?? null);

  #outstanding = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #opener: Element | null = null;

  /** Follow the stream while the page is open. */
  start(): void {
    wall.onNews({ passage: (passage) => this.#hear([passage]), joined: () => void this.#list() });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.#ask(true);
    });
  }

  /** Begin to choose a place on the map. */
  pick(): void {
    this.#open({ kind: "picking" });
  }

  picked(lat: number, lon: number, place: string | null): void {
    this.#open({ kind: "picked", lat, lon, place });
  }

  /** Where can the vehicle of an alert be? Nothing where nobody knows where its checkpoint stands. */
  fromAlert(alert: Alert): void {
    this.fromPassage(alert.passage, seenAtOf(alert), alert);
  }

  fromPassage(passage: Passage, seenAt: number, alert: Alert | null): void {
    const device = wall.devices.get(passage.checkpoint);
    if (device === undefined) return;
    this.ask({ lat: device.lat, lon: device.lon, place: passage.checkpoint_name, seenAt, agoMin: null, alert });
  }

  ask(sighting: Sighting): void {
    this.#open({ kind: "asked", sighting });
    this.#raced = null;
    this.refusal = null;
    this.passages = new Map();
    void this.#list();
    void this.#ask(false);
  }

  close(): void {
    this.stage = { kind: "closed" };
    clearTimeout(this.#timer);
    this.#raced = null;
    this.passages = new Map();
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  #open(stage: Stage): void {
    if (this.stage.kind === "closed") this.#opener = document.activeElement;
    this.stage = stage;
  }

  async #ask(quiet: boolean): Promise<void> {
    clearTimeout(this.#timer);
    const sighting = this.sighting;
    if (this.#outstanding || sighting === null || document.hidden) return;
    this.#outstanding = true;
    const askedMs = performance.now();
    const askedWallMs = Date.now();
    let again = true;
    try {
      const { lat, lon, seenAt } = sighting;
      const race = await post<Race>("/v1/plan/race", { lat, lon, seen_at: seenAt, roads: true }, {
        quiet,
        signal: AbortSignal.timeout(GIVE_UP_MS),
      });
      if (sighting === this.sighting && race !== null) {
        this.#raced = { race, askedMs, askedWallMs };
        this.refusal = null;
      }
    } catch (error) {
      const status = error instanceof Refused ? error.status : 0;
      again = !(status >= 400 && status < 500);
      if (sighting === this.sighting) {
        this.refusal = { status, words: error instanceof Error ? error.message : String(error) };
      }
    }
    this.#outstanding = false;
    if (sighting !== this.sighting) void this.#ask(false);
    else if (again) this.#timer = setTimeout(() => void this.#ask(true), pauseMs(performance.now() - askedMs));
  }

  /** Fetch what passed since before he was seen; what passes from now on comes with the stream. */
  async #list(): Promise<void> {
    const sighting = this.sighting;
    if (sighting === null) return;
    this.listed = "loading";
    const since = sighting.seenAt - BEFORE_S;
    try {
      let after: string | null = "";
      for (let page = 0; page < PAGES && after !== null; page++) {
        const path = `/v1/passages?limit=${PAGE}&since=${since}&after=${encodeURIComponent(after)}`;
        const found: { passages: Passage[]; next: string | null } = await get(path);
        if (sighting !== this.sighting) return;
        this.#hear(found.passages);
        after = found.next;
      }
      this.listed = after === null ? "all" : "cut";
    } catch {
      if (sighting === this.sighting) this.listed = "failed";
    }
  }

  #hear(news: Passage[]): void {
    const sighting = this.sighting;
    if (sighting === null) return;
    const byId = new Map(this.passages);
    for (const passage of news) {
      const known = byId.get(passage.id)?.version ?? 0;
      if (passage.at >= sighting.seenAt - BEFORE_S && known <= passage.version) byId.set(passage.id, passage);
    }
    this.passages = byId;
  }
}

export const pursuit = new Pursuit();
