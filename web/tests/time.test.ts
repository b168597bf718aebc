import { expect, test } from "vitest";

import { ServerClock, showAge, showFactor, showMargin, showNeeded } from "../src/time.ts";

test("an age is rounded up, never down", () => {
  expect([0, 0.04, 0.2, 1, 1.2, 99, 99.5, 100, 3600, 5999, 7300, 172_800].map(showAge)).toEqual(
    ["0 s", "0 s", "1 s", "1 s", "2 s", "99 s", "2 min", "2 min", "60 min", "1 h 40", "2 h 02", "2 d"],
  );
});

test("a time needed is rounded up, a margin and a factor down", () => {
  expect([900, 900.001, 59.2, null].map(showNeeded)).toEqual(["15:00", "15:01", "1:00", "—"]);
  expect([65.9, 0, -0.1, -60, null].map(showMargin)).toEqual(["+1:05", "+0:00", "−0:01", "−1:00", "—"]);
  expect([1.318, 1, null].map(showFactor)).toEqual(["×1.31", "×1.00", "—"]);
});

test("the server's clock is the best of many stamps that arrived late", () => {
  const clock = new ServerClock();
  expect(clock.at(0)).toBeNull();
  clock.observe(1000, 500);
  clock.observe(1000.9, 1_000);
  clock.observe(1001.2, 1_900);
  expect(clock.at(2_000)).toBeCloseTo(1001.9, 6);
});

test("a clock that runs away is forgotten after ten minutes", () => {
  const clock = new ServerClock();
  clock.observe(1000, 0);
  for (let ms = 1_000; ms <= 1_300_000; ms += 1_000) clock.observe(998 + ms / 1000, ms);
  expect(clock.at(1_300_000)).toBeCloseTo(998 + 1300, 6);
});

test("a server that comes back with another time is believed", () => {
  const clock = new ServerClock();
  clock.observe(5000, 0);
  clock.reset(4000, 1_000);
  expect(clock.at(2_000)).toBeCloseTo(4001, 6);
});
