/** Ages and durations as shown, and what the server's clock says now. Pure; every function is given the time. */

const WINDOW_MS = 600_000;
const BUCKET_MS = 20_000;

/**
 * The server's wall clock, seen from our monotonic clock.
 *
 * A message is stamped before it arrives, so every stamp gives a lower bound; the largest of the last ten minutes is
 * the estimate. Old bounds are dropped, so that two clocks that drift apart do not add up over weeks.
 */
export class ServerClock {
  #bounds: { fromMs: number; offsetS: number }[] = [];

  /** Start again from ``serverS``, read at ``nowMs``: the server may have restarted with another time. */
  reset(serverS: number, nowMs: number): void {
    this.#bounds = [];
    this.observe(serverS, nowMs);
  }

  observe(serverS: number, nowMs: number): void {
    const offsetS = serverS - nowMs / 1000;
    const last = this.#bounds.at(-1);
    if (last !== undefined && nowMs - last.fromMs < BUCKET_MS) {
      last.offsetS = Math.max(last.offsetS, offsetS);
    } else {
      this.#bounds = this.#bounds.filter((bound) => nowMs - bound.fromMs < WINDOW_MS);
      this.#bounds.push({ fromMs: nowMs, offsetS });
    }
  }

  /** Unix seconds at the server, or null before the first stamp. */
  at(nowMs: number): number | null {
    if (this.#bounds.length === 0) return null;
    return Math.max(...this.#bounds.map((bound) => bound.offsetS)) + nowMs / 1000;
  }
}

/** "3 s", "12 s", "4 min", "2 h 05", "3 d": rounded up, because nothing may look younger than it is. */
export function showAge(ageS: number): string {
  const s = Math.max(0, Math.ceil(ageS - 0.05));
  if (s < 100) return `${s} s`;
  const min = Math.ceil(s / 60);
  if (min < 100) return `${min} min`;
  const hours = Math.floor(min / 60);
  if (hours < 48) return `${hours} h ${String(min % 60).padStart(2, "0")}`;
  return `${Math.ceil(hours / 24)} d`;
}

/** "14:12", rounded up: a time needed is never shown shorter. */
export function showNeeded(seconds: number | null): string {
  return seconds === null ? "—" : minutes(Math.ceil(seconds - 1e-6));
}

/** "14:12", rounded down: the earliest time at which he can come is never shown later. */
export function showEarliest(seconds: number): string {
  return minutes(Math.floor(seconds + 1e-6));
}

/** "+1:05" or "−0:20", rounded down: a margin is never shown larger. */
export function showMargin(seconds: number | null): string {
  if (seconds === null) return "—";
  const s = Math.floor(seconds + 1e-6);
  return (s < 0 ? "−" : "+") + minutes(Math.abs(s));
}

/** "×1.32", rounded down. */
export function showFactor(factor: number | null): string {
  return factor === null ? "—" : `×${(Math.floor(factor * 100 + 1e-6) / 100).toFixed(2)}`;
}

function minutes(s: number): string {
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** "09:41:07" of unix seconds, in this screen's time zone. */
export function showClock(unixS: number): string {
  const time = new Date(unixS * 1000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** "2026-03-09" of unix seconds, in this screen's time zone. */
export function showDate(unixS: number): string {
  const time = new Date(unixS * 1000);
  return [time.getFullYear(), time.getMonth() + 1, time.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}
