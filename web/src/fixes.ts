/** Fixes in words. */

import { callSign, postName, standbyName } from "./names.ts";
import { say } from "./text.ts";
import { showNeeded } from "./time.ts";
import type { Fix } from "./types.ts";

/** Say what to do, in a few words. */
export function showFix(fix: Fix): string {
  const unit = callSign(fix.unit ?? "");
  const post = fix.posts.map(postName).join("、");
  const road = fix.roads.filter(Boolean).join("、") || say("nameless");
  switch (fix.kind) {
    case "answer":
      return say(fix.counted ? "fix.where" : "fix.answer", { unit });
    case "release":
      return say("fix.release", { unit, doing: say(fix.leaves === "on_call" ? "leaves.on_call" : "leaves.committed_other") });
    case "stand_at":
    case "one_more":
      return say(`fix.${fix.kind}`, { unit, place: fix.standby === null ? say("junctionOf", { road }) : standbyName(fix.standby) });
    case "lower_need":
      return say("fix.lower_need", { post, n: fix.need?.[1] ?? "" });
    default:
      return say(`fix.${fix.kind}`, { post, road });
  }
}

/** Say how long it takes, or by when it must be done; empty where neither is known. */
export function showFixTime(fix: Fix): string {
  if (fix.within_s !== null) return say("fixWithin", { time: showNeeded(Math.floor(fix.within_s)) });
  return fix.takes_s ? say("fixTakes", { time: showNeeded(fix.takes_s) }) : "";
}
