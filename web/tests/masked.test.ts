import { expect, test } from "vitest";

import { language } from "../src/language.svelte.ts";
import { whyNoVideo } from "../src/masked.ts";
import { whyNot } from "../src/recorded.ts";
import { say } from "../src/text.ts";
import type { DeviceState } from "../src/types.ts";

const told = (masked: boolean, state: DeviceState): string => {
  const why = whyNoVideo({ masked, state });
  return why === null ? "" : say(why);
};

test("a masked device says why it has no video, in both languages, whatever its state", () => {
  expect(told(true, "online")).toBe("设有隐私遮挡：只显示遮挡后的关键帧，无实时视频，不录像");
  expect(told(true, "unreachable")).toBe(told(true, "online"));
  expect(told(true, "closed")).toContain("遮挡文件缺失或损坏");
  language.english = true;
  expect(told(true, "online")).toBe("parts are hidden for privacy: masked keyframes alone, no live video, no recording");
  expect(told(true, "closed")).toContain("mask is missing or damaged");
  language.english = false;
});

test("a device that is not masked has its video, and none is closed by another cause", () => {
  for (const state of ["online", "late", "unknown"] as const) expect(told(false, state)).toBe("");
});

test("a recording that is refused because of the mask is not told as nothing recorded or as switched off", () => {
  expect(say(whyNot({ status: 409, code: "playback-masked" }))).toBe("设有隐私遮挡：不录像，以前的录像也不能调阅");
});
