/** How likely the plan holds, as text: never rounded up to certainty. */

import type { Odds } from "./types.ts";

const MOST = 0.999;

/** "97.6%" of a share that the server rounded down; whatever it says, nothing is certain. */
export function showShare(share: number): string {
  return `${(Math.floor(1000 * Math.min(share, MOST) + 1e-6) / 10).toFixed(1)}%`;
}

/** "97.3–97.9": the limits, the lower rounded down and the upper up, without their percent signs. */
export function showLimits(odds: Odds): string {
  const low = Math.floor(1000 * Math.min(odds.committed.low, MOST) + 1e-6) / 10;
  const high = Math.ceil(1000 * Math.min(odds.committed.high, MOST) - 1e-6) / 10;
  return `${low.toFixed(1)}–${high.toFixed(1)}`;
}
