/** What is recorded of a device, and playback of it. Times are unix seconds. */

import { get, post, type Refused } from "./server.ts";
import type { TextKey } from "./text.ts";

export interface Span {
  from: number;
  to: number;
}

export interface Hold extends Span {
  id: number;
  reason: string;
}

export interface Recorded {
  spans: Span[];
  holds: Hold[];
}

export interface Part extends Span {
  url: string;
  codec: "h264" | "h265";
}

export interface Why {
  purpose: string;
  case_no: string;
  reason: string;
}

const query = (device: string, span: Span): string =>
  `/v1/recordings?device=${encodeURIComponent(device)}&from=${span.from}&to=${span.to}`;

export const recorded = (device: string, span: Span): Promise<Recorded> => get<Recorded>(query(device, span));

export async function play(device: string, span: Span, why: Why): Promise<Part[]> {
  const made = await post<{ parts: Part[] }>("/v1/recordings/playback", { device, ...span, ...why });
  return made?.parts ?? [];
}

export async function hold(device: string, span: Span, why: Why): Promise<void> {
  await post("/v1/recordings/holds", { device, ...span, case_no: why.case_no, reason: why.reason });
}

const WHY_NOT: Record<string, TextKey> = {
  "playback-masked": "recorded.masked",
  "playback-damaged": "recorded.damaged",
  "playback-removed": "recorded.removed",
  "playback-full": "recorded.full",
  "playback-disk": "recorded.disk",
};
const WHY_NOT_BY_STATUS: Record<number, TextKey> = {
  404: "recorded.nothing",
  409: "recorded.off",
  422: "recorded.invalid",
};

/** What to say of a request that was refused. */
export const whyNot = ({ code, status }: Pick<Refused, "code" | "status">): TextKey =>
  WHY_NOT[code] ?? WHY_NOT_BY_STATUS[status] ?? "video.other";

/** Where ``span`` lies within ``day``, in per cent from the left; what lies outside is cut off. */
export function placed(span: Span, day: Span): { left: number; width: number } {
  const low = Math.max(span.from, day.from);
  const high = Math.min(span.to, day.to);
  const share = 100 / (day.to - day.from);
  return { left: (low - day.from) * share, width: Math.max(0, high - low) * share };
}

/** "2026-11-23T08:05:09", as ``<input type="datetime-local">`` wants it, in this screen's time zone. */
export function localInput(unixS: number): string {
  const time = new Date(unixS * 1000);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
