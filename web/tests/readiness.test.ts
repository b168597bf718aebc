import { expect, test } from "vitest";

import { type Now, type Received, shown } from "../src/readiness.ts";
import type { Readiness, VerdictState } from "../src/types.ts";

function received(state: VerdictState, ageAtReceiptS = 0, change: Partial<Readiness> = {}): Received {
  const readiness = { computed_at: 1, valid_for_s: 10, cause: null, state, ...change } as Readiness;
  return { readiness, ageAtReceiptS, monotonicMs: 1_000, wallMs: 50_000 };
}

function now(afterMs: number, change: Partial<Now> = {}): Now {
  const monotonicMs = 1_000 + afterMs;
  return { monotonicMs, wallMs: 50_000 + afterMs, lastMessageMs: monotonicMs, status: { bus: "up", planner: "up" }, ...change };
}

test("a fresh verdict is shown as it came, with its age", () => {
  for (const state of ["ready", "at_risk", "not_possible", "unknown"] as const) {
    expect(shown(received(state, 0.5), now(2_000))).toEqual({ state, doubt: null, ageS: 2.5 });
  }
});

test("nothing received is unknown", () => {
  expect(shown(null, now(0))).toEqual({ state: "unknown", doubt: "no_data", ageS: null });
  expect(shown(received("ready", 0, { computed_at: null }), now(0)).doubt).toBe("no_data");
});

test("a verdict lapses with its own validity, counted from when it was computed", () => {
  expect(shown(received("ready", 4), now(6_000)).state).toBe("ready");
  expect(shown(received("ready", 4), now(6_001))).toMatchObject({ state: "unknown", doubt: "too_old" });
  expect(shown(received("ready", 0, { valid_for_s: 3 }), now(3_500)).doubt).toBe("too_old");
  expect(shown(received("ready", 0, { valid_for_s: 3600 }), now(10_500)).doubt).toBe("too_old");
  expect(shown(received("ready", 0, { valid_for_s: NaN }), now(0)).state).toBe("unknown");
});

test("neither a suspended machine nor a wall clock set back keeps it alive", () => {
  expect(shown(received("ready"), now(100, { wallMs: 50_000 + 3_600_000 })).state).toBe("unknown");
  expect(shown(received("ready"), now(11_000, { wallMs: 0 })).state).toBe("unknown");
});

test("a silent stream, a dead planner, a dead bus and the server's own doubt are unknown", () => {
  const long = received("ready", 0, { valid_for_s: 3600 });
  expect(shown(long, now(5_000, { lastMessageMs: null })).doubt).toBe("silent");
  expect(shown(received("ready"), now(10_000, { lastMessageMs: -1 })).doubt).toBe("silent");
  expect(shown(received("ready"), now(0, { status: { bus: "up", planner: "down" } })).doubt).toBe("planner_down");
  expect(shown(received("ready"), now(0, { status: { bus: "down", planner: "up" } })).doubt).toBe("bus_down");
  expect(shown(received("ready", 0, { cause: "the verdict is old" }), now(0)).state).toBe("unknown");
});
