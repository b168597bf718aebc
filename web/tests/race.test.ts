import { expect, test } from "vitest";

import {
  exitRows, lastTimeOfDay, likenessOf, nextRing, pauseMs, ringPassages, seenAtOf, shownRace, standingOf, watchOf, type Raced, type Sighting,
} from "../src/race.ts";
import type { Now } from "../src/readiness.ts";
import type { Alert, County, Device, Passage, Race, RaceExit } from "../src/types.ts";

function exit(change: Partial<RaceExit>): RaceExit {
  return {
    post: "p", name: "北口", ring: "town", road: "", lat: 0, lon: 0, arrives_in_s: 100, comes_in_s: 100, staffed_in_s: 20, first_by_s: 80,
    verdict: "cannot_pass", already: false, path: [], ...change,
  };
}

function raced(valid_for_s = 10): Raced {
  return { race: { valid_for_s } as Race, askedMs: 1_000, askedWallMs: 50_000 };
}

function now(afterMs: number, change: Partial<Now> = {}): Now {
  const monotonicMs = 1_000 + afterMs;
  return { monotonicMs, wallMs: 50_000 + afterMs, lastMessageMs: monotonicMs, status: { bus: "up", planner: "up" }, ...change };
}

test("an answer is as old as its question, and gone when its validity is over", () => {
  expect(shownRace(raced(), now(2_500))).toMatchObject({ doubt: null, ageS: 2.5 });
  expect(shownRace(raced(), now(10_001))).toMatchObject({ race: null, doubt: "too_old" });
  expect(shownRace(raced(3), now(3_001)).race).toBeNull();
  expect(shownRace(raced(3600), now(10_001)).race).toBeNull();
  expect(shownRace(raced(NaN), now(0)).race).toBeNull();
  expect(shownRace(raced(), now(100, { wallMs: 9e9 })).race).toBeNull();
  expect(shownRace(raced(), now(100, { status: { bus: "up", planner: "down" } })).doubt).toBe("planner_down");
  expect(shownRace(raced(), now(100, { lastMessageMs: null })).doubt).toBe("silent");
  expect(shownRace(null, now(0))).toEqual({ race: null, doubt: "no_data", ageS: null });
});

test("an exit is held only while its post stands before he comes, had nobody been ordered out since", () => {
  expect(standingOf(exit({}), 0)).toBe("held");
  expect(standingOf(exit({}), 20)).toBe("held");
  expect(standingOf(exit({}), 20.1)).toBe("close");
  expect(standingOf(exit({}), 80)).toBe("close");
  expect(standingOf(exit({}), 80.1)).toBe("leaks");
  expect(standingOf(exit({}), 100)).toBe("passed");
  expect(standingOf(exit({ comes_in_s: null, staffed_in_s: null, first_by_s: null }), 9)).toBe("held");
  expect(standingOf(exit({ verdict: "may_have_passed", comes_in_s: 5 }), 4)).toBe("leaks");
  expect(standingOf(exit({ verdict: "may_have_passed", comes_in_s: 5 }), 5)).toBe("passed");
});

test("what is not known is never held, whatever word the server sends", () => {
  expect(standingOf(exit({ verdict: "unknown", staffed_in_s: null, first_by_s: null }), 0)).toBe("unknown");
  expect(standingOf(exit({ verdict: "unknown", comes_in_s: 3 }), 3)).toBe("passed");
  expect(standingOf(exit({ verdict: "new word" as "unknown", comes_in_s: null }), 0)).toBe("unknown");
  expect(standingOf(exit({ first_by_s: null }), 0)).toBe("unknown");
});

test("the worst stands first, then he who comes sooner", () => {
  const exits = [exit({}), exit({ verdict: "unknown" }), exit({ verdict: "may_have_passed", comes_in_s: 9 }), exit({ verdict: "may_have_passed", comes_in_s: -9, already: true })];
  const rows = exitRows({ exits } as Race, 0);
  expect(rows.map(({ standing }) => standing)).toEqual(["passed", "leaks", "unknown", "held"]);
});

test("the ring that he is still in gives way to the next as time goes on", () => {
  const race = { next_ring: "town", leaves_in_s: { town: 4, county: 9 } } as Race;
  expect([nextRing(race, 3.9), nextRing(race, 4), nextRing(race, 9)]).toEqual(["town", "county", null]);
  expect(nextRing({ next_ring: "county", leaves_in_s: { town: null, county: null } } as Race, 9)).toBe("county");
  expect(nextRing({ next_ring: null, leaves_in_s: {} } as Race, 0)).toBeNull();
});

test("he was seen at the earliest of the times that an alert has", () => {
  const alert = (at: number, frame_received_at: number | null): Alert => ({ raised_at: 70, passage: { at, frame_received_at } }) as Alert;
  expect([seenAtOf(alert(60, 61)), seenAtOf(alert(65, 61)), seenAtOf(alert(90, null))]).toEqual([60, 61, 70]);
});

test("a time of day is the last such", () => {
  const noon = new Date(2026, 2, 9, 12, 0, 0).getTime() / 1000;
  expect(lastTimeOfDay("11:59", noon)).toBe(noon - 60);
  expect(lastTimeOfDay("12:00:01", noon)).toBe(new Date(2026, 2, 8, 12, 0, 1).getTime() / 1000);
  expect([lastTimeOfDay("", noon), lastTimeOfDay("9:00", noon)]).toEqual([null, null]);
});

test("what passed at the ring is listed by likeness; the sighting itself and other places are not", () => {
  const passage = (id: string, plate: string | null, change: Partial<Passage> = {}): Passage => ({ id, plate, checkpoint: "c", at: 1000, ...change }) as Passage;
  const county = { checkpoints: [{ id: "c", post: "p" }, { id: "road", post: null }] } as County;
  const sighting = { seenAt: 1200, alert: { passage: passage("a", "吉D12345") } } as Sighting;
  const passages = [
    passage("a", "吉D12345"), passage("b", "吉D99999"), passage("c", null), passage("d", "吉D12346"), passage("e", "吉D12345", { at: 601 }),
    passage("f", "吉D12345", { at: 599 }), passage("g", "吉D12345", { checkpoint: "road" }), passage("h", "吉D12345", { at: 1300 }),
  ];
  expect(ringPassages(passages, county, sighting).map((row) => row.passage.id)).toEqual(["h", "e", "d", "c", "b"]);
  expect(likenessOf(passage("x", "吉D123456"), "吉D12345")).toBe("other");
  expect(likenessOf(passage("x", null), null)).toBe("other");
});

test("an exit is watched only by a camera that was well all the time", () => {
  const device = (change: Partial<Device>): Device => ({ state: "online", since: 10, picture: { state: "good", cause: null }, ...change }) as Device;
  expect(watchOf(undefined, 20)).toBe("none");
  expect(watchOf(device({}), 20)).toBe("watched");
  expect(watchOf(device({}), 9)).toBe("since");
  expect(watchOf(device({ since: null }), 20)).toBe("since");
  for (const state of ["stalled", "unreachable", "unknown", "closed"] as const) expect(watchOf(device({ state }), 20)).toBe("dead");
  const picture = (state: string, cause: string | null): Device => device({ picture: { state, cause } as Device["picture"] });
  expect([watchOf(picture("black", null), 20), watchOf(picture("unknown", "no analytics for 9 s"), 20)]).toEqual(["dead", "dead"]);
  expect(watchOf(picture("unknown", null), 20)).toBe("watched");
});

test("the planner is left alone for most of the time", () => {
  expect([pauseMs(150), pauseMs(1_000), pauseMs(9_000)]).toEqual([3_000, 4_000, 5_000]);
});
