/** The one event stream of this screen: joined again when it breaks or falls silent. */

import type { Alert, Devices, Passage, Readiness, RuleEvent, Status, Units } from "./types.ts";

export interface Events {
  hello: { server_time: number };
  devices: Devices;
  units: Units;
  readiness: Readiness;
  passage: Passage;
  alert: Alert;
  rule_event: RuleEvent;
  status: Status;
}

export interface Listener {
  event<K extends keyof Events>(kind: K, data: Events[K]): void;
  opened(): void;
  broken(): void;
  /** The server ended the stream for good (an answer other than 200): the session may be over. */
  refused(): void;
}

const KINDS: readonly (keyof Events)[] = [
  "hello", "devices", "units", "readiness", "passage", "alert", "rule_event", "status",
];
const GIVE_UP_SILENT_MS = 20_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];

/** Follow ``path`` until the returned function is called. */
export function follow(path: string, listener: Listener): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let heardMs = performance.now();

  function open(): void {
    heardMs = performance.now();
    source = new EventSource(path);
    source.onopen = () => {
      tries = 0;
      heardMs = performance.now();
      listener.opened();
    };
    source.onerror = () => {
      listener.broken();
      if (source?.readyState === EventSource.CLOSED) {
        listener.refused();
        again();
      }
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (message: MessageEvent<string>) => {
        heardMs = performance.now();
        listener.event(kind, JSON.parse(message.data) as Events[typeof kind]);
      });
    }
  }

  function again(): void {
    source?.close();
    clearTimeout(retry);
    const wait = RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)] ?? 8_000;
    retry = setTimeout(open, wait * (0.5 + Math.random() / 2));
  }

  const watch = setInterval(() => {
    if (performance.now() - heardMs > GIVE_UP_SILENT_MS && source?.readyState !== EventSource.CLOSED) {
      listener.broken();
      again();
      heardMs = performance.now();
    }
  }, 1_000);

  open();
  return () => {
    clearInterval(watch);
    clearTimeout(retry);
    source?.close();
  };
}
