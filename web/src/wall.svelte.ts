/** What the wall knows: snapshots and events from the server, and how old each of them is. It decides nothing. */

import { SvelteMap } from "svelte/reactivity";

import { beep } from "./beep.ts";
import { follow, type Events } from "./live.ts";
import { withAdvice } from "./advice.ts";
import { shown, type Received } from "./readiness.ts";
import { get, onServerClock, post, Refused } from "./server.ts";
import { openTiles, Tiles, type Tile } from "./tiles.ts";
import { ServerClock } from "./time.ts";
import type { Alert, County, Device, Devices, Passage, Readiness, RuleEvent, Session, Status, Units } from "./types.ts";

const PASSAGES_KEPT = 200;
const ALERTS_KEPT = 200;
const RULE_EVENTS_KEPT = 200;
const TICK_MS = 500;

export type Place = "starting" | "login" | "link_used" | "server_away" | "open";
export type Link = "up" | "connecting" | "silent" | "down";

/** Told of each passage as it comes, and when the stream was joined: what came between may have been missed. */
interface News {
  passage(passage: Passage): void;
  joined(): void;
}

/** A picture on screen; its age goes on from ``ageS`` by this page's own clock. */
interface Shown {
  url: string;
  ageS: number;
  receivedMs: number;
}

class Wall {
  role = $state<Session["role"]>("wall");
  place = $state<Place>("starting");
  county = $state.raw<County | null>(null);
  roads = $state.raw<GeoJSON.FeatureCollection | null>(null);
  devices = $state.raw<ReadonlyMap<string, Device>>(new Map());
  units = $state.raw<Units | null>(null);
  passages = $state.raw<Passage[]>([]);
  alerts = $state.raw<Alert[]>([]);
  ruleEvents = $state.raw<RuleEvent[]>([]);
  status = $state.raw<Status | null>(null);
  pictures = new SvelteMap<string, Shown>();
  /** Whether pictures come at all; while they do not, none is shown as if it were now. */
  tilesUp = $state(false);

  nowMs = $state(performance.now());
  serverS = $state<number | null>(null);
  connected = $state(false);
  lastMessageMs = $state<number | null>(null);
  received = $state.raw<Received | null>(null);
  selected = $state<string | null>(null);
  opened = $state.raw<Passage | null>(null);
  sound = $state(false);

  readonly shown = $derived(
    shown(this.received, {
      monotonicMs: this.nowMs,
      wallMs: Date.now(),
      lastMessageMs: this.lastMessageMs,
      status: this.status,
    }),
  );
  readonly readiness: Readiness | null = $derived(this.received?.readiness ?? null);
  /** The readiness, or null as soon as it may not be trusted any more. */
  readonly valid: Readiness | null = $derived(this.shown.doubt === null ? this.readiness : null);
  readonly silentS = $derived(this.lastMessageMs === null ? null : (this.nowMs - this.lastMessageMs) / 1000);
  readonly link: Link = $derived(
    !this.connected
      ? this.lastMessageMs === null
        ? "connecting"
        : "down"
      : this.silentS !== null && this.silentS > 10
        ? "silent"
        : "up",
  );

  readonly #clock = new ServerClock();
  #onScreen: readonly string[] = [];
  #news: News | null = null;
  readonly #tiles = new Tiles(openTiles, {
    tile: (tile) => this.#show(tile),
    link: (up) => (this.tilesUp = up),
  });

  /** Sign in with the link's token if there is one, then follow the county until the page closes. */
  async start(token: string | null): Promise<void> {
    onServerClock((serverS) => this.#clock.observe(serverS, performance.now()));
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => {
      this.#tick();
      this.showTiles(this.#onScreen);
    });
    if (token === null && !(await this.#signedIn())) return;
    if (token !== null && !(await this.#signIn(token))) return;
    this.place = "open";
    this.#tiles.start();
    follow("/v1/events", {
      event: (kind, data) => this.#hear(kind, data),
      opened: () => {
        this.connected = true;
      },
      broken: () => {
        this.connected = false;
      },
      refused: () => void this.#signedIn(),
    });
  }

  onNews(listener: News): void {
    this.#news = listener;
  }

  /** Seconds since ``unixS`` by the server's clock, or null while it is not known. */
  age(unixS: number | null): number | null {
    return unixS === null || this.serverS === null ? null : Math.max(0, this.serverS - unixS);
  }

  /** Seconds since the picture of ``id`` was taken, or null where there is none. */
  pictureAge(id: string): number | null {
    const picture = this.pictures.get(id);
    return picture === undefined ? null : picture.ageS + Math.max(0, this.nowMs - picture.receivedMs) / 1000;
  }

  /** Say which tiles are on screen; the pictures of others are forgotten. A hidden page shows none. */
  showTiles(ids: readonly string[]): void {
    this.#onScreen = ids;
    this.#tiles.show(document.hidden ? [] : ids);
    const kept = new Set(ids);
    for (const [id, picture] of this.pictures) {
      if (!kept.has(id)) {
        URL.revokeObjectURL(picture.url);
        this.pictures.delete(id);
      }
    }
  }

  /** Confirm or reject an alert; returns what went wrong, or nothing. */
  async review(alert: Alert, verdict: "confirmed" | "rejected", note: string): Promise<string> {
    try {
      await post(`/v1/alerts/${encodeURIComponent(alert.id)}/review`, { verdict, note });
      this.#putAlert({ ...alert, state: verdict });
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The same for what a rule said. */
  async reviewRule(event: RuleEvent, verdict: "confirmed" | "rejected"): Promise<string> {
    try {
      const decided = await post<RuleEvent>(`/v1/rule-events/${encodeURIComponent(event.id)}/review`, { verdict });
      if (decided !== null) this.#putRuleEvents([decided]);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #signIn(token: string): Promise<boolean> {
    try {
      await post("/v1/session", { token });
    } catch (error) {
      if (error instanceof Refused && (await this.#signedIn())) return true;
      this.place = error instanceof Refused ? "link_used" : "server_away";
      return false;
    }
    return await this.#signedIn();
  }

  async #signedIn(): Promise<boolean> {
    for (;;) {
      try {
        this.role = (await get<Session>("/v1/session")).role;
        const county = await get<County>("/v1/county");
        if (JSON.stringify(county) !== JSON.stringify(this.county)) this.county = county;
        return true;
      } catch (error) {
        if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
          this.place = "login";
          return false;
        }
        if (this.place !== "open") this.place = "server_away";
        else return false;
        await new Promise((wake) => setTimeout(wake, 2_000));
      }
    }
  }

  #hear<K extends keyof Events>(kind: K, data: Events[K]): void {
    const nowMs = performance.now();
    this.lastMessageMs = nowMs;
    switch (kind) {
      case "hello":
        this.#clock.reset((data as Events["hello"]).server_time, nowMs);
        void this.#refetch();
        this.#news?.joined();
        break;
      case "devices":
        this.#putDevices(data as Devices, false);
        break;
      case "units":
        this.units = data as Units;
        this.#observe(this.units.at);
        break;
      case "readiness":
        this.#putReadiness(data as Readiness);
        break;
      case "passage":
        this.#putPassages([data as Passage]);
        this.#news?.passage(data as Passage);
        break;
      case "alert":
        if (this.#putAlert(data as Alert) && this.sound) beep();
        break;
      case "rule_event":
        this.#putRuleEvents([data as RuleEvent]);
        break;
      case "status":
        this.status = data as Status;
        break;
    }
    this.#tick();
  }

  async #refetch(): Promise<void> {
    const part = async <T>(path: string, put: (data: T) => void): Promise<void> => {
      try {
        put(await get<T>(path));
      } catch {
        /* The stream brings it, or breaks and brings us here again. */
      }
    };
    await Promise.all([
      part<Devices>("/v1/devices", (data) => this.#putDevices(data, true)),
      part<Units>("/v1/units", (data) => (this.units = data)),
      part<Readiness>("/v1/readiness", (data) => this.#putReadiness(data)),
    ]);
    await part<{ passages: Passage[] }>("/v1/passages?limit=100", (data) => this.#putPassages(data.passages));
    if (this.roads === null) {
      await part<GeoJSON.FeatureCollection>("/v1/county/roads.geojson", (data) => (this.roads = data));
    }
    if (this.role === "administrator") return; // may not read alerts
    const before = new Set(this.alerts.filter(({ state }) => state === "open").map(({ id }) => id));
    await part<{ alerts: Alert[] }>("/v1/alerts?state=open&limit=500", ({ alerts }) => {
      const open = new Set(alerts.map(({ id }) => id));
      this.alerts = this.alerts.filter(({ id }) => open.has(id) || !before.has(id)); // decided while we were away
      for (const alert of alerts) this.#putAlert(alert);
    });
    const held = new Set(this.ruleEvents.filter(({ state }) => state === "began").map(({ id }) => id));
    await part<{ rule_events: RuleEvent[] }>("/v1/rule-events?state=began&limit=500", ({ rule_events }) => {
      const holding = new Set(rule_events.map(({ id }) => id));
      this.ruleEvents = this.ruleEvents.filter(({ id }) => holding.has(id) || !held.has(id)); // ended while we were away
      this.#putRuleEvents(rule_events);
    });
    await part<{ rule_events: RuleEvent[] }>("/v1/rule-events?limit=50", ({ rule_events }) => this.#putRuleEvents(rule_events));
    await part<{ alerts: Alert[] }>("/v1/alerts?limit=20", ({ alerts }) => alerts.forEach((alert) => this.#putAlert(alert)));
  }

  #putReadiness(readiness: Readiness): void {
    const before = this.received?.readiness;
    if ((before?.computed_at ?? 0) > (readiness.computed_at ?? Infinity)) return;
    const nowMs = performance.now();
    this.received = {
      readiness: withAdvice(readiness, before ?? null),
      ageAtReceiptS: Math.max(readiness.age_s ?? 0, (this.#clock.at(nowMs) ?? 0) - (readiness.computed_at ?? 0)),
      monotonicMs: nowMs,
      wallMs: Date.now(),
    };
  }

  #putDevices(news: Devices, all: boolean): void {
    const devices = new Map(all ? [] : this.devices);
    for (const device of news.devices) devices.set(device.id, device);
    this.devices = devices;
    this.#observe(news.at);
  }

  #putPassages(news: Passage[]): void {
    const byId = new Map(this.passages.map((passage) => [passage.id, passage]));
    for (const passage of news) {
      if ((byId.get(passage.id)?.version ?? 0) <= passage.version) byId.set(passage.id, passage);
    }
    this.passages = [...byId.values()].sort((a, b) => b.at - a.at).slice(0, PASSAGES_KEPT);
  }

  /** Open alerts are never dropped, however many there are. Returns whether it is a new one. */
  #putAlert(alert: Alert): boolean {
    const known = this.alerts.some((other) => other.id === alert.id);
    const alerts = [alert, ...this.alerts.filter((other) => other.id !== alert.id)];
    alerts.sort((a, b) => b.raised_at - a.raised_at);
    this.alerts = alerts.filter((other, i) => i < ALERTS_KEPT || other.state === "open");
    return !known && alert.state === "open";
  }

  /** Newest first. What holds is never dropped; what has ended is not said to hold again by an older message. */
  #putRuleEvents(news: RuleEvent[]): void {
    const byId = new Map(this.ruleEvents.map((event) => [event.id, event]));
    for (const event of news) {
      const known = byId.get(event.id);
      const older = known !== undefined && known.state !== "began" && event.state === "began";
      byId.set(event.id, older ? { ...event, state: known.state, ended_at: known.ended_at, cause: known.cause } : event);
    }
    const events = [...byId.values()].sort((a, b) => b.began_at - a.began_at);
    this.ruleEvents = events.filter((event, i) => i < RULE_EVENTS_KEPT || event.state === "began");
  }

  #show(tile: Tile): void {
    const before = this.pictures.get(tile.id);
    if (!this.#onScreen.includes(tile.id)) return;
    this.pictures.set(tile.id, { url: URL.createObjectURL(tile.jpeg), ageS: tile.ageS, receivedMs: performance.now() });
    if (before) setTimeout(() => URL.revokeObjectURL(before.url), 1_000);
  }

  #observe(serverS: number | null): void {
    if (serverS !== null) this.#clock.observe(serverS, performance.now());
  }

  #tick(): void {
    this.nowMs = performance.now();
    this.serverS = this.#clock.at(this.nowMs);
  }
}

export const wall = new Wall();
