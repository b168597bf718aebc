/** Requests to our own server. A picture carries the time it was taken; every answer carries the server's clock. */

export class Refused extends Error {
  readonly status: number;
  constructor(status: number, title: string) {
    super(title);
    this.status = status;
  }
}

/** Called with the server's Date of every answer, in unix seconds. */
let heardClock: (serverS: number) => void = () => undefined;

export function onServerClock(listener: (serverS: number) => void): void {
  heardClock = listener;
}

/** Marks what the page asks for by itself: no sign of life of the person in front of it. */
const QUIET = { "Kakou-Quiet": "1" };

export async function get<T>(path: string): Promise<T> {
  const answer = await ask(path, { headers: QUIET });
  return (await answer.json()) as T;
}

export async function post<T>(path: string, body: unknown): Promise<T | null> {
  const answer = await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return text === "" ? null : (JSON.parse(text) as T);
}

export interface Picture {
  blob: Blob;
  etag: string;
  /** When the picture was taken, unix seconds. */
  at: number;
}

/** The latest picture at ``path``, or null when there is none newer than the one with ``etag``. */
export async function getPicture(path: string, etag: string, signal: AbortSignal): Promise<Picture | null> {
  const headers: Record<string, string> = etag === "" ? QUIET : { ...QUIET, "If-None-Match": etag };
  const answer = await ask(path, { headers, cache: "no-store", signal });
  if (answer.status === 304 || answer.status === 204) return null;
  const at = Number(answer.headers.get("Kakou-Picture-At"));
  if (!(at > 0)) throw new Refused(502, "a picture without its time");
  return { blob: await answer.blob(), etag: answer.headers.get("ETag") ?? "", at };
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(path, { credentials: "same-origin", ...init });
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) heardClock(date / 1000);
  if (!answer.ok && answer.status !== 304) throw new Refused(answer.status, await titleOf(answer));
  return answer;
}

async function titleOf(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { title?: string; detail?: string };
    return problem.detail ?? problem.title ?? `HTTP ${answer.status}`;
  } catch {
    return `HTTP ${answer.status}`;
  }
}
