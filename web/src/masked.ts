/** Why a device whose picture is partly hidden has no video. */

import type { TextKey } from "./text.ts";
import type { Device } from "./types.ts";

/** What to say instead of live video and recordings; null for a device that has them. */
export function whyNoVideo({ masked, state }: Pick<Device, "masked" | "state">): TextKey | null {
  if (!masked) return null;
  return state === "closed" ? "video.closed" : "video.masked";
}
