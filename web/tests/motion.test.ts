import { expect, test } from "vitest";

import { language } from "../src/language.svelte.ts";
import { directionText, speedText } from "../src/motion.ts";

const COUNTY = {
  checkpoints: [
    { id: "measured", post: null, calibrated: true },
    { id: "plain", post: null, calibrated: false },
  ],
};
const NONE = { checkpoint: "plain", source: "video", direction: null, speed_kmh: null, speed_error_kmh: null } as const;

test("a speed stands with its error, and the whole numbers hold what was measured", () => {
  const told = (kmh: number, error: number): string =>
    speedText({ ...NONE, speed_kmh: kmh, speed_error_kmh: error }, COUNTY);
  expect(told(52, 4)).toBe("52 ± 4 km/h");
  expect(told(52.3, 3.7)).toBe("52 ± 4 km/h");
  expect(told(52.4, 3.9)).toBe("52 ± 5 km/h");
  expect(told(12, 0)).toBe("12 ± 1 km/h");
});

test("without a speed it says why, in both languages", () => {
  const told = (changes: object): string => speedText({ ...NONE, ...changes }, COUNTY);
  expect(told({})).toBe("未标定");
  expect(told({ checkpoint: "measured" })).toBe("测不准");
  expect(told({ source: "device" })).toBe("设备未报");
  language.english = true;
  expect([told({}), told({ checkpoint: "measured" })]).toEqual(["not calibrated", "too vague to tell"]);
  language.english = false;
  expect(speedText(NONE, null)).toBe("未标定");
});

test("half a speed is no speed", () => {
  expect(speedText({ ...NONE, speed_kmh: 52 }, COUNTY)).toBe("未标定");
});

test("the direction is a word and an arrow as in the picture", () => {
  expect(directionText({ direction: "towards" })).toBe("↓ 驶来");
  expect(directionText({ direction: "away" })).toBe("↑ 驶离");
  expect(directionText({ direction: null })).toBe("方向不明");
  expect(directionText({ direction: "sideways" })).toBe("sideways");
});
