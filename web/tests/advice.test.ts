import { expect, test } from "vitest";

import { KEPT_S, withAdvice } from "../src/advice.ts";
import { showFix, showFixTime } from "../src/fixes.ts";
import type { Fix, Fixes, Readiness, Verdict } from "../src/types.ts";

const FIXES = { deficiency: 1, count: 1, single: [], smallest: [], keeping: [], proved: true } as Fixes;

function readiness(at: number, fixes: Fixes | null, feasible: boolean | null = false, cause: string | null = null): Readiness {
  const verdict = { feasible, fixes, losses: null } as Verdict;
  return { computed_at: at, cause, joint: verdict, town: verdict, county: verdict } as Readiness;
}

test("the last advice stays until the next comes, and no longer than a few seconds", () => {
  const first = readiness(100, FIXES);
  const second = withAdvice(readiness(101, null), first);
  expect(second.joint.fixes).toBe(FIXES);
  const third = withAdvice(readiness(102, null), second);
  expect(third.town.fixes).toBe(FIXES);
  expect(withAdvice(readiness(100 + KEPT_S + 0.1, null), third).joint.fixes).toBeNull();
});

test("advice on another answer, or after a doubt of the server, is not kept", () => {
  const first = readiness(100, FIXES);
  expect(withAdvice(readiness(101, null, true), first).joint.fixes).toBeNull();
  expect(withAdvice(readiness(101, null, false, "the planner is down"), first).joint.fixes).toBeNull();
  expect(withAdvice(readiness(101, null), null).joint.fixes).toBeNull();
  const own = readiness(101, { ...FIXES, count: 2 });
  expect(withAdvice(own, first)).toBe(own);
});

const FIX: Fix = {
  kind: "answer", unit: "u-1", posts: [], helps_now: true, takes_s: null, within_s: null, standby: null, lat: null, lon: null,
  roads: [], leaves: null, need: null, counted: false,
};

test("every kind of fix is said", () => {
  expect(showFix(FIX)).toBe("询问 u-1 能否出动");
  expect(showFix({ ...FIX, counted: true })).toBe("核实 u-1 的位置和方向");
  expect(showFix({ ...FIX, kind: "release", leaves: "on_call" })).toBe("抽调 u-1（正在处警）");
  expect(showFix({ ...FIX, kind: "stand_at", standby: "s-1" })).toBe("u-1 移至 s-1");
  expect(showFix({ ...FIX, kind: "one_more", roads: [""] })).toBe("在 无名路路口 增加 1 个单元");
  expect(showFix({ ...FIX, kind: "shorter_setup", posts: ["north"] })).toBe("north 改用固定拦阻");
  expect(showFix({ ...FIX, kind: "reopen", roads: ["国道"] })).toBe("恢复通行：国道");
  expect(showFix({ ...FIX, kind: "lower_need", posts: ["north"], need: [2, 1] })).toBe("north 减为 1 个单元");
  expect(showFix({ ...FIX, kind: "give_up", posts: ["north"], roads: ["国道"] })).toBe("放弃 north，国道 敞开");
});

test("a time that is left is never shown longer, a time that it takes never shorter", () => {
  expect(showFixTime({ ...FIX, within_s: 61.9 })).toBe("限 1:01");
  expect(showFixTime({ ...FIX, takes_s: 61.1 })).toBe("约 1:02");
  expect(showFixTime({ ...FIX, takes_s: 0 })).toBe("");
  expect(showFixTime(FIX)).toBe("");
});
