import { expect, test } from "vitest";

import { localInput, placed, whyNot } from "../src/recorded.ts";
import { say } from "../src/text.ts";

const DAY = { from: 1_000_000, to: 1_086_400 };

test("a span lies on the day's bar where its time is", () => {
  expect(placed({ from: 1_043_200, to: 1_064_800 }, DAY)).toEqual({ left: 50, width: 25 });
});

test("what lies outside the day is cut off", () => {
  expect(placed({ from: 900_000, to: 1_043_200 }, DAY)).toEqual({ left: 0, width: 50 });
  expect(placed({ from: 900_000, to: 950_000 }, DAY).width).toBe(0);
});

test("a time put into the field is the same time when it is read again", () => {
  expect(new Date(localInput(1_043_207)).getTime() / 1000).toBe(1_043_207);
});

test("a damaged, removed or unmade playback is never told as nothing recorded or as recording switched off", () => {
  expect(say(whyNot({ status: 404, code: "" }))).toBe("这段时间没有录像");
  expect(say(whyNot({ status: 409, code: "" }))).toBe("本系统未开启录像");
  const told = [
    whyNot({ status: 409, code: "playback-damaged" }),
    whyNot({ status: 404, code: "playback-removed" }),
    whyNot({ status: 503, code: "playback-full" }),
    whyNot({ status: 503, code: "playback-disk" }),
  ];
  expect(told).toEqual(["recorded.damaged", "recorded.removed", "recorded.full", "recorded.disk"]);
  expect(say(whyNot({ status: 500, code: "" }), { status: 500 })).toBe("服务器拒绝（500）");
});
