import { expect, test } from "vitest";

import { coverOf, orderLines, unitMarks } from "../src/map/marks.ts";
import { boundsOf, isInside } from "../src/map/shapes.ts";
import type { Order, Post, Unit, Verdict } from "../src/types.ts";

const POST: Post = { id: "p", name: "北口", ring: "town", lat: 1, lon: 2, deadline_s: 900, need_units: 1, group: null, one_crew: false };
const SQUARE: [number, number][] = [[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]];

function order(margin_s: number): Order {
  return { unit: "u", post: "p", ring: "town", drive_s: 1, arrive_s: 2, staffed_s: 3, margin_s };
}

function verdict(change: Partial<Verdict>): Verdict {
  return { state: "ready", plan: [], why_not: null, ...change } as Verdict;
}

function unit(change: Partial<Unit>): Unit {
  return {
    id: "u", call_sign: "鹰01", lat: 1, lon: 1, speed_kmh: 30, heading_deg: 90, status: "patrol", seen_at: 1, age_s: 1,
    trust: "fresh", drill: false, ...change,
  };
}

test("a post is only called planned on a valid plan with enough units and margin", () => {
  expect(coverOf(POST, [], null)).toBe("unknown");
  expect(coverOf(POST, [], verdict({ state: "unknown", plan: [order(99)] }))).toBe("unknown");
  expect(coverOf(POST, [], verdict({ plan: [order(99)] }))).toBe("planned");
  expect(coverOf(POST, [], verdict({ plan: [order(59)] }))).toBe("short");
  expect(coverOf({ ...POST, need_units: 2 }, [], verdict({ plan: [order(99)] }))).toBe("uncovered");
  expect(coverOf(POST, [], verdict({ state: "not_possible" }))).toBe("open");
  const why = { posts: ["p"], need: 1, units_in_time: [], deficiency: 1, text: "" };
  expect(coverOf(POST, [], verdict({ state: "not_possible", why_not: why }))).toBe("uncovered");
});

test("one crew that holds a crossing covers all its posts, a crew beside it does not", () => {
  const plan = [{ ...order(99), post: "other" }];
  const pair = (one_crew: boolean): Post[] => [{ ...POST, group: "g", one_crew }, { ...POST, id: "other", group: "g", one_crew }];
  expect(coverOf(pair(true)[0] as Post, pair(true), verdict({ plan }))).toBe("planned");
  expect(coverOf(pair(false)[0] as Post, pair(false), verdict({ plan }))).toBe("uncovered");
});

test("a unit whose position cannot be trusted looks different, and one never seen is not drawn", () => {
  const icon = (change: Partial<Unit>): unknown => unitMarks([unit(change)], (id) => id, SQUARE, "town")[0]?.icon;
  expect(icon({})).toBe("unit-moving");
  expect(icon({ speed_kmh: 0 })).toBe("unit-standing");
  for (const trust of ["too_old", "frozen", "untrusted"] as const) expect(icon({ trust })).toBe("unit-old");
  expect(icon({ trust: "never_seen", lat: null, lon: null })).toBeUndefined();
  expect(icon({ drill: true })).toBe("unit-moving-drill");
});

test("units in town are named on the town's map only", () => {
  const label = (view: "town" | "county"): unknown => unitMarks([unit({})], () => "鹰01", SQUARE, view)[0]?.label?.text;
  expect(label("town")).toBe("鹰01");
  expect(label("county")).toBeUndefined();
});

test("an order is a line from the unit to its post, none without a position", () => {
  expect(orderLines([order(10)], [unit({})], [POST], "town")).toEqual([{ points: [[1, 1], [1, 2]], kind: "short", faint: false }]);
  expect(orderLines([order(10)], [unit({ lat: null, lon: null })], [POST], "town")).toEqual([]);
});

test("inside and bounds", () => {
  expect([isInside([1, 1], SQUARE), isInside([5, 1], SQUARE), isInside([1, 1], [])]).toEqual([true, false, false]);
  expect(boundsOf(SQUARE)).toEqual([0, 0, 4, 4]);
  expect(boundsOf([])).toBeNull();
});
