import { expect, test } from "vitest";

import { phaseOf, STALLED_MS } from "../src/whep.ts";

test("live is said only while frames arrive", () => {
  expect(phaseOf(null, 60_000).kind).toBe("connecting");
  expect(phaseOf(10_000, 10_000 + STALLED_MS).kind).toBe("live");
  expect(phaseOf(10_000, 10_001 + STALLED_MS).kind).toBe("stalled");
});
