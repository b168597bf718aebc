/** Which readiness may be shown now. UNKNOWN by our own clock, whatever was received last. */

import type { Readiness, Status, VerdictState } from "./types.ts";

export const SILENT_AFTER_MS = 10_000;
/** However long a verdict calls itself valid, it is not shown longer. */
export const LONGEST_VALID_S = 10;

export type Doubt = "no_data" | "too_old" | "silent" | "planner_down" | "bus_down";

export interface Received {
  readiness: Readiness;
  /** How old it was when it arrived, by the server's clocks. */
  ageAtReceiptS: number;
  /** Our monotonic and wall clocks at receipt: the first stands still in a suspended machine, the second may be set. */
  monotonicMs: number;
  wallMs: number;
}

export interface Now {
  monotonicMs: number;
  wallMs: number;
  lastMessageMs: number | null;
  status: Status | null;
}

export interface Shown {
  state: VerdictState;
  doubt: Doubt | null;
  ageS: number | null;
}

/** Judge what the screen may say at ``now``. */
export function shown(received: Received | null, now: Now): Shown {
  if (received === null || received.readiness.computed_at === null) {
    return { state: "unknown", doubt: "no_data", ageS: null };
  }
  const ageS = age(received, now);
  const { cause, valid_for_s } = received.readiness;
  const doubt = doubtOf(ageS, valid_for_s, now) ?? (cause === null ? null : "too_old");
  return { state: doubt === null ? received.readiness.state : "unknown", doubt, ageS };
}

/** Why what the planner said ``ageS`` ago, good for ``validS``, may not be shown; null while it may. */
export function doubtOf(ageS: number, validS: number, now: Now): Doubt | null {
  if (now.status?.bus === "down") return "bus_down";
  if (now.status?.planner === "down") return "planner_down";
  if (now.lastMessageMs === null || now.monotonicMs - now.lastMessageMs > SILENT_AFTER_MS) return "silent";
  if (!(ageS <= Math.min(validS, LONGEST_VALID_S))) return "too_old";
  return null;
}

function age(received: Received, now: Now): number {
  const elapsedMs = Math.max(now.monotonicMs - received.monotonicMs, now.wallMs - received.wallMs);
  return Math.max(0, received.ageAtReceiptS) + elapsedMs / 1000;
}
