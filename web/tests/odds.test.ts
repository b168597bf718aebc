import { expect, test } from "vitest";

import { showLimits, showShare } from "../src/odds.ts";
import type { Odds } from "../src/types.ts";

function odds(low: number, high: number): Odds {
  return { committed: { p: low, low, high, held: 1, scenarios: 1 } } as Odds;
}

test("a share is shown with one decimal, never better than it is", () => {
  expect(showShare(0.976)).toBe("97.6%");
  expect(showShare(0.9499)).toBe("94.9%");
  expect(showShare(0)).toBe("0.0%");
});

test("nothing is ever certain", () => {
  expect(showShare(1)).toBe("99.9%");
  expect(showLimits(odds(1, 1))).toBe("99.9–99.9");
});

test("limits are rounded apart", () => {
  expect(showLimits(odds(0.9731, 0.9789))).toBe("97.3–97.9");
  expect(showLimits(odds(0.973, 0.979))).toBe("97.3–97.9");
});
