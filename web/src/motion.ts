/** Which way a vehicle drove past its checkpoint, and how fast: never a speed without its error. */

import { say, sayWord } from "./text.ts";
import type { County, Passage } from "./types.ts";

type Moved = Pick<Passage, "checkpoint" | "source" | "direction" | "speed_kmh" | "speed_error_kmh">;

/** An arrow and its word, or that nobody saw it. Down and up are as in the picture. */
export function directionText({ direction }: Pick<Passage, "direction">): string {
  if (direction === null) return say("direction.unknown");
  const arrow = { towards: "↓ ", away: "↑ " }[direction] ?? "";
  return arrow + sayWord("direction", direction);
}

/** "52 ± 4 km/h" in whole numbers that still hold what was measured, or why there is none. */
export function speedText(passage: Moved, county: Pick<County, "checkpoints"> | null): string {
  const { speed_kmh: kmh, speed_error_kmh: error } = passage;
  if (kmh !== null && error !== null) {
    const shown = Math.round(kmh);
    return say("speed.told", { kmh: shown, error: Math.max(1, Math.ceil(error + Math.abs(kmh - shown))) });
  }
  if (passage.source === "device") return say("speed.untold");
  const checkpoint = county?.checkpoints.find((one) => one.id === passage.checkpoint);
  return say(checkpoint?.calibrated ? "speed.vague" : "speed.uncalibrated");
}
