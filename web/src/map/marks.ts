/** What stands and moves on the map: signs, texts and lines, in the order they are drawn. Pure. */

import { standingOf, type Stage, type Standing } from "../race.ts";
import type { County, Device, DeviceState, Leak, Order, Post, Race, Ring, Unit, Verdict } from "../types.ts";
import { isInside, type LatLon } from "./shapes.ts";

export interface Mark {
  lat: number;
  lon: number;
  icon: string | null;
  /** Degrees clockwise from north. */
  turn?: number;
  size?: number;
  label?: { text: string; kind: LabelKind; offset: number };
  /** The device that a click on the mark opens. */
  device?: string;
}

export type LabelKind = "township" | "post" | "unit" | "unitOld";

export interface Line {
  points: LatLon[];
  kind: "order" | "short" | "leak" | "reach" | "escape";
  faint: boolean;
}

/** A margin below this is drawn as short. */
const SHORT_S = 60;
const MOVING_KMH = 3;

/** Which of the camera's signs says its state; those in trouble are drawn over the others. */
const CAMERA_ICON: Record<DeviceState, string> = {
  online: "camera-online",
  late: "camera-late",
  stalled: "camera-stalled",
  no_keyframe: "camera-stalled",
  bad_credentials: "camera-lost",
  unreachable: "camera-lost",
  closed: "camera-lost",
  unknown: "camera-unknown",
};
const CAMERA_ORDER = ["camera-unknown", "camera-online", "camera-late", "camera-stalled", "camera-lost"];

export function placeMarks(county: County, view: Ring): Mark[] {
  const standby = view === "town" ? county.standby_points : [];
  return [
    ...standby.map(({ lat, lon }): Mark => ({ lat, lon, icon: "standby" })),
    ...county.closures.map(({ lat, lon }): Mark => ({ lat, lon, icon: "closure" })),
  ];
}

export function townshipMarks(county: County): Mark[] {
  return county.townships.map(({ lat, lon, name }) => ({
    lat,
    lon,
    icon: null,
    label: { text: name, kind: "township", offset: 0 },
  }));
}

export function cameraMarks(devices: Iterable<Device>): Mark[] {
  const marks: Mark[] = [];
  for (const device of devices) {
    if (device.kind !== "camera") continue;
    marks.push({ lat: device.lat, lon: device.lon, icon: CAMERA_ICON[device.state], device: device.id });
  }
  return marks.sort((a, b) => CAMERA_ORDER.indexOf(a.icon ?? "") - CAMERA_ORDER.indexOf(b.icon ?? ""));
}

/** The posts of the view's own ring, with their names. */
export function postMarks(posts: readonly Post[], coverOf: (post: Post) => Cover, view: Ring): Mark[] {
  return posts
    .filter((post) => post.ring === view)
    .map((post) => ({
      lat: post.lat,
      lon: post.lon,
      icon: `post-${post.ring}-${coverOf(post)}`,
      label: { text: post.name, kind: "post", offset: 15 },
    }));
}

export type Cover = "planned" | "short" | "uncovered" | "late" | "open" | "unknown";

/** How a post stands in the joint plan; without a valid verdict nothing is known. */
export function coverOf(post: Post, posts: readonly Post[], verdict: Verdict | null): Cover {
  if (verdict === null || verdict.state === "unknown") return "unknown";
  if (verdict.why_not?.posts.includes(post.id)) return "uncovered";
  if (verdict.plan.length === 0) return "open";
  const together = posts.filter((other) => post.one_crew && post.group !== null && other.group === post.group);
  const held = new Set([post, ...together].map(({ id }) => id));
  const margins = verdict.plan.filter((order) => held.has(order.post)).map((order) => order.margin_s);
  if (margins.length < post.need_units) return "uncovered";
  return Math.min(...margins) < SHORT_S ? "short" : "planned";
}

const RACE_COVER: Record<Standing, Cover> = {
  passed: "uncovered",
  leaks: "late",
  unknown: "unknown",
  close: "short",
  held: "planned",
};

/** How a post stands in a race ``ageS`` after its answer; without a valid one nothing is known. */
export function raceCover(post: Post, race: Race | null, ageS: number): Cover {
  if (race === null) return "unknown";
  const exit = race.exits.find((one) => one.post === post.id);
  return exit === undefined ? "open" : RACE_COVER[standingOf(exit, ageS)];
}

/** The roads he can be on, and his ways out past posts that stand too late. */
export function raceLines(race: Race, ageS: number): Line[] {
  const reach = (race.reach ?? []).map((points): Line => ({ points, kind: "reach", faint: false }));
  const ways = race.exits.filter((exit) => exit.path.length > 1 && ["passed", "leaks"].includes(standingOf(exit, ageS)));
  return [...reach, ...ways.map(({ path }): Line => ({ points: path, kind: "escape", faint: false }))];
}

/** Where he was seen, or a place that somebody chose for it. */
export function seenMarks(stage: Stage): Mark[] {
  const at = stage.kind === "asked" ? stage.sighting : stage.kind === "picked" ? stage : null;
  return at === null ? [] : [{ lat: at.lat, lon: at.lon, icon: "seen" }];
}

/** On the county's map units in town are small and unnamed: the town's map names them. */
export function unitMarks(
  units: readonly Unit[],
  callSign: (id: string) => string,
  town: readonly LatLon[],
  view: Ring,
): Mark[] {
  const marks: Mark[] = [];
  for (const unit of units) {
    if (unit.lat === null || unit.lon === null) continue;
    const fresh = unit.trust === "fresh";
    const moving = fresh && (unit.speed_kmh ?? 0) > MOVING_KMH && unit.heading_deg !== null;
    const crowded = view === "county" && isInside([unit.lat, unit.lon], town);
    const mark: Mark = {
      lat: unit.lat,
      lon: unit.lon,
      icon: `unit-${fresh ? (moving ? "moving" : "standing") : "old"}${unit.drill ? "-drill" : ""}`,
      turn: moving ? (unit.heading_deg ?? 0) : 0,
      size: crowded ? 0.55 : 1,
    };
    if (!crowded) mark.label = { text: callSign(unit.id), kind: fresh ? "unit" : "unitOld", offset: -13 };
    marks.push(mark);
  }
  return marks;
}

export function leakMarks(leaks: readonly Leak[]): Mark[] {
  return leaks.map(({ lat, lon }) => ({ lat, lon, icon: "leak" }));
}

/** Straight lines from unit to post: who goes where, not the way there. */
export function orderLines(plan: readonly Order[], units: readonly Unit[], posts: readonly Post[], view: Ring): Line[] {
  const unitById = new Map(units.map((unit) => [unit.id, unit]));
  const postById = new Map(posts.map((post) => [post.id, post]));
  const lines: Line[] = [];
  for (const order of plan) {
    const unit = unitById.get(order.unit);
    const post = postById.get(order.post);
    if (!post || unit?.lat == null || unit.lon === null) continue;
    lines.push({
      points: [[unit.lat, unit.lon], [post.lat, post.lon]],
      kind: order.margin_s < SHORT_S ? "short" : "order",
      faint: post.ring !== view,
    });
  }
  return lines;
}

export function leakLines(leaks: readonly Leak[]): Line[] {
  return leaks.filter(({ path }) => path.length > 1).map(({ path }) => ({ points: path, kind: "leak", faint: false }));
}
