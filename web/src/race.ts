/** Where can he be, and has he passed already? What may be shown of an answer that grows older every second. Pure. */

import { doubtOf, type Doubt, type Now } from "./readiness.ts";
import type { Alert, County, Device, Passage, Post, Race, RaceExit, Ring } from "./types.ts";

/** What passed the ring is listed from this long before he was seen: cameras' clocks differ, and so do memories. */
export const BEFORE_S = 600;
/** A post staffed by less than this before he can come is marked. */
const CLOSE_S = 60;
const LEAST_PAUSE_MS = 3_000;
const MOST_PAUSE_MS = 5_000;

/** A sighting; ``seenAt`` is unix seconds, ``agoMin`` what a person chose on the map. */
export interface Sighting {
  lat: number;
  lon: number;
  place: string | null;
  seenAt: number;
  agoMin: number | null;
  alert: Alert | null;
}

/** What is open on this screen: nothing, a place being chosen on the map, a time for it, the race itself. */
export type Stage =
  | { kind: "closed" }
  | { kind: "picking" }
  | { kind: "picked"; lat: number; lon: number; place: string | null }
  | { kind: "asked"; sighting: Sighting };

/** An answer, and when it was asked for: it is no older than that, whatever the clocks of servers say. */
export interface Raced {
  race: Race;
  askedMs: number;
  askedWallMs: number;
}

/** ``race`` is null as soon as the answer may not be trusted any more. */
export interface ShownRace {
  race: Race | null;
  doubt: Doubt | null;
  ageS: number | null;
}

export function shownRace(raced: Raced | null, now: Now): ShownRace {
  if (raced === null) return { race: null, doubt: "no_data", ageS: null };
  const ageS = Math.max(0, now.monotonicMs - raced.askedMs, now.wallMs - raced.askedWallMs) / 1000;
  const doubt = doubtOf(ageS, raced.race.valid_for_s, now);
  return { race: doubt === null ? raced.race : null, doubt, ageS };
}

/** How long to leave the planner alone after a call that took ``tookMs``. */
export function pauseMs(tookMs: number): number {
  return Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, 4 * tookMs));
}

/** The earliest of the times at which the vehicle of an alert is known to have been there: the least good for us. */
export function seenAtOf(alert: Alert): number {
  return Math.min(alert.passage.at, alert.passage.frame_received_at ?? Infinity, alert.raised_at);
}

/** Unix seconds of a time of day such as "09:41" or "09:41:07", the last such before ``nowS``; null where it is none. */
export function lastTimeOfDay(text: string, nowS: number): number | null {
  const parts = /^(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (parts === null) return null;
  const time = new Date(nowS * 1000);
  time.setHours(Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0), 0);
  if (time.getTime() > nowS * 1000) time.setDate(time.getDate() - 1);
  return time.getTime() / 1000;
}

/** In the order in which a commander must hear of them. */
export const STANDINGS = ["passed", "leaks", "unknown", "close", "held"] as const;
export type Standing = (typeof STANDINGS)[number];

/** How an exit stands ``ageS`` after the answer, had nobody been ordered out since: he drives on, and our units do not. */
export function standingOf(exit: RaceExit, ageS: number): Standing {
  const come = exit.comes_in_s !== null && exit.comes_in_s <= ageS;
  switch (exit.verdict) {
    case "may_have_passed":
      return exit.already || come ? "passed" : "leaks";
    case "cannot_pass":
      if (exit.comes_in_s === null) return "held";
      if (exit.first_by_s === null) return "unknown";
      if (exit.first_by_s < ageS) return come ? "passed" : "leaks";
      return exit.first_by_s - ageS < CLOSE_S ? "close" : "held";
    default:
      return come ? "passed" : "unknown";
  }
}

/** Exits with how they stand, the worst first, then by his coming. */
export function exitRows(race: Race, ageS: number): { exit: RaceExit; standing: Standing }[] {
  const rows = race.exits.map((exit) => ({ exit, standing: standingOf(exit, ageS) }));
  const come = ({ comes_in_s, arrives_in_s }: RaceExit): number => comes_in_s ?? arrives_in_s ?? Infinity;
  return rows.sort(
    (a, b) => STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing) || (come(a.exit) < come(b.exit) ? -1 : 1),
  );
}

export type RingWord = "outside" | "until" | "kept";

/** Whether he may be outside a ring by now, from when on he may be, or that posts as planned keep him in. */
export function ringWord(leavesInS: number | null, ageS: number): RingWord {
  if (leavesInS === null) return "kept";
  return leavesInS <= ageS ? "outside" : "until";
}

/** The innermost ring that he cannot have left by now; null: he may be beyond them all. */
export function nextRing(race: Race, ageS: number): Ring | null {
  const rings: Ring[] = race.next_ring === "town" ? ["town", "county"] : race.next_ring === "county" ? ["county"] : [];
  return rings.find((ring) => ringWord(race.leaves_in_s[ring] ?? null, ageS) !== "outside") ?? null;
}

export type Likeness = "same" | "like" | "unread" | "other";
const LIKENESSES: readonly Likeness[] = ["same", "like", "unread", "other"];

/** How like the plate searched for what was read is; with one character read otherwise it may be the same. */
export function likenessOf(passage: Pick<Passage, "plate">, plate: string | null): Likeness {
  if (plate === null) return "other";
  if (passage.plate === null) return "unread";
  if (passage.plate === plate) return "same";
  const mine = [...plate];
  const its = [...passage.plate];
  const differ = mine.length === its.length ? mine.filter((letter, i) => letter !== its[i]).length : Infinity;
  return differ <= 1 ? "like" : "other";
}

export interface RingPassage {
  passage: Passage;
  likeness: Likeness;
}

/** What passed the ring's exits since ``BEFORE_S`` before the sighting, likest first, then newest; not the sighting. */
export function ringPassages(passages: Iterable<Passage>, county: County, sighting: Sighting): RingPassage[] {
  const exits = new Set(county.checkpoints.filter(({ post }) => post !== null).map(({ id }) => id));
  const rows: RingPassage[] = [];
  for (const passage of passages) {
    if (!exits.has(passage.checkpoint) || passage.at < sighting.seenAt - BEFORE_S) continue;
    if (passage.id === sighting.alert?.passage.id) continue;
    rows.push({ passage, likeness: likenessOf(passage, sighting.alert?.passage.plate ?? null) });
  }
  return rows.sort(
    (a, b) => LIKENESSES.indexOf(a.likeness) - LIKENESSES.indexOf(b.likeness) || b.passage.at - a.passage.at,
  );
}

/** Whether an exit's passages are known: nobody looks there, the camera is dead, it came back only since, or all along. */
export type Watch = "none" | "dead" | "since" | "watched";

export function watchOf(device: Device | undefined, fromS: number): Watch {
  if (device === undefined) return "none";
  const { state, cause } = device.picture;
  const read = state === "good" || (state === "unknown" && !cause?.startsWith("no analytics"));
  if ((device.state !== "online" && device.state !== "late") || !read) return "dead";
  return device.since === null || device.since > fromS ? "since" : "watched";
}

/** The device that watches each post, where there is one. */
export function deviceOf(post: Pick<Post, "id">, county: County, devices: ReadonlyMap<string, Device>): Device | undefined {
  const checkpoint = county.checkpoints.find((one) => one.post === post.id);
  return checkpoint === undefined ? undefined : devices.get(checkpoint.id);
}
