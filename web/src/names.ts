/** Names for the ids the server sends; an id without a name is shown as it is. */

import { say } from "./text.ts";
import type { Device, Post } from "./types.ts";
import { wall } from "./wall.svelte.ts";

export function postById(id: string): Post | undefined {
  return wall.county?.posts.find((post) => post.id === id);
}

export function postName(id: string): string {
  return postById(id)?.name ?? id;
}

export function deviceName(id: string): string {
  return wall.devices.get(id)?.name ?? id;
}

export function callSign(id: string): string {
  return wall.county?.units.find((unit) => unit.id === id)?.call_sign ?? id;
}

export function standbyName(id: string): string {
  return wall.county?.standby_points.find((point) => point.id === id)?.name ?? id;
}

export function townshipName(id: string): string {
  return wall.county?.townships.find((township) => township.id === id)?.name ?? id;
}

/** What is wrong with a device's picture (frozen, black, not analysed) in a word; empty when nothing is, or not known. */
export function pictureTrouble(device: Device): string {
  const { state, cause } = device.picture;
  if (state === "unknown" && cause?.startsWith("no analytics")) return say("picture.noAnalytics");
  return state === "good" || state === "unknown" ? "" : say(`picture.${state}`);
}
