/** Requests to our own server; every answer carries the server's clock. */

export class Refused extends Error {
  readonly status: number;
  /** The problem's stable code, empty where it has none. */
  readonly code: string;
  constructor(status: number, title: string, code = "") {
    super(title);
    this.status = status;
    this.code = code;
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

/** Post JSON; ``quiet`` when nobody asked for it just now. */
export async function post<T>(
  path: string,
  body: unknown,
  { quiet = false, signal }: { quiet?: boolean; signal?: AbortSignal } = {},
): Promise<T | null> {
  const headers = { "Content-Type": "application/json", ...(quiet ? QUIET : {}) };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) });
  const text = await answer.text();
  return text === "" ? null : (JSON.parse(text) as T);
}

/** Send a WHEP offer; ``quiet`` when nobody asked for it just now. */
export async function postOffer(
  path: string,
  sdp: string,
  signal: AbortSignal,
  quiet: boolean,
): Promise<{ sdp: string; location: string }> {
  const headers = { "Content-Type": "application/sdp", ...(quiet ? QUIET : {}) };
  const answer = await ask(path, { method: "POST", headers, body: sdp, signal });
  return { sdp: await answer.text(), location: answer.headers.get("Location") ?? "" };
}

/** Delete ``path``; goes out even when the page is being left. It is not told whether it was there. */
export async function remove(path: string): Promise<void> {
  try {
    await ask(path, { method: "DELETE", keepalive: true, headers: QUIET });
  } catch {
    /* It was gone already. */
  }
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(path, { credentials: "same-origin", ...init });
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) heardClock(date / 1000);
  if (!answer.ok) throw await refusedBy(answer);
  return answer;
}

async function refusedBy(answer: Response): Promise<Refused> {
  try {
    const problem = (await answer.json()) as { title?: string; detail?: string; code?: string };
    return new Refused(answer.status, problem.detail ?? problem.title ?? `HTTP ${answer.status}`, problem.code);
  } catch {
    return new Refused(answer.status, `HTTP ${answer.status}`);
  }
}
