/** What to do about a verdict stays while it is computed anew: the server says each verdict first, its advice later. */

import type { Readiness, Verdict } from "./types.ts";

/** Advice that was computed longer before a verdict than this is dropped. */
export const KEPT_S = 3;

/** When the advice in a readiness was computed, where it was taken over from an earlier one. */
const computedAt = new WeakMap<Readiness, number>();

/** Return ``news``, with the advice of ``before`` in those verdicts that still say the same and have none yet. */
export function withAdvice(news: Readiness, before: Readiness | null): Readiness {
  if (before === null || news.cause !== null || news.computed_at === null) return news;
  const from = computedAt.get(before) ?? before.computed_at;
  if (from === null || !(news.computed_at - from <= KEPT_S)) return news;
  const part = (mine: Verdict, old: Verdict): Verdict =>
    mine.losses || mine.fixes || mine.feasible !== old.feasible ? mine : { ...mine, losses: old.losses, fixes: old.fixes };
  if (news.joint.losses || news.joint.fixes) return news;
  const kept = {
    ...news,
    joint: part(news.joint, before.joint),
    town: part(news.town, before.town),
    county: part(news.county, before.county),
  };
  computedAt.set(kept, from);
  return kept;
}
