/**
 * A server to develop the wall against before or without the real one: node dev/server.ts [PORT] [PICTURES]
 *
 * PICTURES is a folder of JPEG files for tiles and passages. The world is changed while it runs:
 * curl -X POST localhost:5180/dev/world -d '{"state": "at_risk", "leaks": true, "silent": false}'
 */

import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import type { Alert, Passage, RuleEvent, VerdictState } from "../src/types.ts";
import { accept } from "./socket.ts";
import { county, makeDevices, passage, race, readiness, ROADS, unitsNow, type RaceAsked } from "./county.ts";

const PORT = Number(process.argv[2] ?? 5180);
const PICTURES = process.argv[3];
const STATIC = join(dirname(fileURLToPath(import.meta.url)), "../../api/static");
const CSP =
  "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

const world = {
  state: "ready" as VerdictState,
  leaks: false,
  drill: false,
  /** Stop sending anything. */
  silent: false,
  /** Stop sending readiness only. */
  mute: false,
  planner: "up" as "up" | "down",
  review: 200,
  role: "operator",
  /** Pictures stop being taken. */
  frozen: 0,
  /** The planner's answer to a race: it comes, it comes late, it is refused with this status. */
  race: "ok" as "ok" | "slow" | number,
  raceValidS: 10,
  /** Why there is no live video; there never is here. */
  live: "live-h265",
};

const roadBody = gzipSync(JSON.stringify(ROADS));
const devices = makeDevices(24);
const passages: Passage[] = [];
const alerts: Alert[] = [];
const ruleEvents: RuleEvent[] = [];
const clients = new Set<ServerResponse>();
/** What was asked of the race: bodies, how many at once, and how many by the page itself. */
const raced = { bodies: [] as RaceAsked[], now: 0, most: 0, quiet: 0 };
const screens = new Map<Duplex, { shown: string[]; send: (body: Buffer) => void }>();
const sessions = new Set<string>();
const pictures = PICTURES ? readdirSync(PICTURES).filter((name) => name.endsWith(".jpg")).map((name) => readFileSync(join(PICTURES, name))) : [];
/** A road, in few bytes. */
const ROAD = Buffer.from(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAkAEADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwClRRRWxkFFFFABRRRQAUUUUAM3+1G/2ptFZ8zLsh4bPalpAMClouwsFIWx2paQjIouFhN/tRv9qaRiijmYWQU5RxRRSGOooopgFFFFACEZFMoopAf/2Q==",
  "base64",
);
let passed = 0;

const nowS = (): number => Date.now() / 1000;

function send(kind: string, data: unknown): void {
  if (!world.silent) for (const client of clients) client.write(frame(kind, data));
}

function frame(kind: string, data: unknown): string {
  return `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

function pass(): void {
  const made = passage(++passed, nowS());
  passages.unshift(made);
  passages.length = Math.min(passages.length, 200);
  send("passage", made);
}

function alert(): void {
  const seen = passages.find((made) => made.plate !== null && made.certain);
  if (!seen) return;
  const raised: Alert = {
    id: `alert-${alerts.length + 1}`, raised_at: nowS(), passage: seen, state: "open", drill: world.drill, latency_ms: 412,
    watchlist: { id: "w1", reason: "涉嫌盗窃 <b>车辆</b>，案号 2026-0317", requester: "刑侦大队 王" },
  };
  alerts.unshift(raised);
  send("alert", raised);
}

/** A rule begins to hold at a camera; "id" of an earlier one changes it instead. */
function ruleEvent(change: Partial<RuleEvent>): void {
  let event = ruleEvents.find(({ id }) => id === change.id);
  if (event === undefined) {
    event = {
      id: `rule-${ruleEvents.length + 1}`, camera: "camera-0", rule: "r-1", name: "夜间 <b>闯入</b>", kind: "intrusion", state: "began",
      since: nowS() - 95, began_at: nowS(), ended_at: null, cause: "", count: 2, class: "person", box: [0.1, 0.2, 0.3, 0.4],
      review: "open", reviewed_at: null, note: null,
    };
    ruleEvents.unshift(event);
  }
  Object.assign(event, change);
  send("rule_event", event);
}

function picture(name: string): { body: Buffer; type: string } {
  const pick = pictures[[...name].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) % Math.max(1, pictures.length)];
  if (pick) return { body: pick, type: "image/jpeg" };
  const time = new Date().toLocaleTimeString();
  return {
    body: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><rect width="320" height="180" fill="#24425a"/><path d="M0 180L130 60h60L320 180z" fill="#3a4651"/><text x="10" y="30" fill="#fff" font-size="18">${name} ${time}</text></svg>`),
    type: "image/svg+xml",
  };
}

function answer(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const part of request) text += String(part);
  return JSON.parse(text || "{}") as Record<string, unknown>;
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://wall").pathname);
  if (path === "/dev/world") {
    Object.assign(world, await bodyOf(request));
    send("status", { bus: "up", planner: world.planner });
    return answer(response, world);
  }
  if (path === "/dev/shown") return answer(response, [...screens.values()].map(({ shown }) => shown));
  if (path === "/dev/alerts") return answer(response, alerts);
  if (path === "/dev/raced") return answer(response, raced);
  if (path === "/dev/cut") {
    for (const stream of screens.keys()) stream.destroy();
    return answer(response, {});
  }
  if (path === "/dev/rule") return ruleEvent((await bodyOf(request)) as Partial<RuleEvent>), answer(response, {});
  if (path === "/dev/alert") return alert(), answer(response, {});
  if (path === "/v1/session" && request.method === "POST") {
    const { token } = await bodyOf(request);
    if (token !== "dev") return answer(response, { title: "no such link" }, 401);
    const cookie = String(Math.random());
    sessions.add(cookie);
    response.setHeader("Set-Cookie", `kakou=${cookie}; HttpOnly; SameSite=Strict; Path=/`);
    return answer(response, { role: "operator" });
  }
  if (!path.startsWith("/v1/")) return file(path, response);
  if (!sessions.has(/kakou=([\d.]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "")) {
    return answer(response, { title: "log in first" }, 401);
  }
  if (path === "/v1/session") return answer(response, { role: world.role, subject: "dev" });
  if (path === "/v1/county") return answer(response, county);
  if (path === "/v1/county/roads.geojson") {
    response.writeHead(200, { "Content-Type": "application/geo+json", "Content-Encoding": "gzip" }).end(roadBody);
    return;
  }
  if (path === "/v1/devices") return answer(response, { at: nowS(), devices });
  if (path === "/v1/units") return answer(response, { at: nowS(), units: unitsNow(nowS(), world.drill) });
  if (path === "/v1/readiness") return answer(response, readiness(world.state, world.leaks, nowS()));
  if (path === "/v1/passages") return answer(response, { passages: passages.slice(0, 100), next: null });
  if (path === "/v1/plan/race") return runRace(request, response);
  if (path === "/v1/alerts") {
    const open = request.url?.includes("state=open");
    return answer(response, { alerts: alerts.filter(({ state }) => !open || state === "open") });
  }
  if (path === "/v1/rule-events") {
    const holding = request.url?.includes("state=began");
    return answer(response, { rule_events: ruleEvents.filter(({ state }) => !holding || state === "began") });
  }
  if (path.endsWith("/review")) return review(path, request, response);
  if (path === "/v1/events") return events(request, response);
  if (path.startsWith("/v1/live/")) return answer(response, { title: "Conflict", detail: "no live video here", code: world.live }, 409);
  if (path.endsWith(".jpg")) return jpeg(path, response);
  return answer(response, { title: "not found" }, 404);
}

async function runRace(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = (await bodyOf(request)) as unknown as RaceAsked;
  raced.bodies.push(asked);
  raced.quiet += request.headers["kakou-quiet"] === undefined ? 0 : 1;
  raced.most = Math.max(raced.most, ++raced.now);
  await new Promise((wake) => setTimeout(wake, world.race === "slow" ? 1_000 : 50));
  raced.now--;
  if (typeof world.race === "number") return answer(response, { title: "refused" }, world.race);
  answer(response, race(asked, nowS(), world.raceValidS));
}

async function review(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { verdict } = await bodyOf(request);
  const ruled = ruleEvents.find(({ id }) => path.includes(`/${id}/`));
  if (world.review === 200 && ruled) {
    ruled.review = verdict as RuleEvent["review"];
    return answer(response, ruled);
  }
  const found = alerts.find(({ id }) => path.includes(`/${id}/`));
  if (world.review !== 200 || !found) return answer(response, { title: "refused", detail: "not for the role wall" }, 403);
  found.state = verdict as Alert["state"];
  answer(response, found);
}

function events(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(`retry: 1000\n\n${frame("hello", { server_time: nowS(), replay: "none" })}${frame("status", { bus: "up", planner: world.planner })}`);
  clients.add(response);
  request.on("close", () => clients.delete(response));
}

function jpeg(path: string, response: ServerResponse): void {
  const { body, type } = picture(path.split("/").at(-2) ?? "");
  response.writeHead(200, { "Content-Type": type }).end(body);
}

function tiles(): void {
  for (const { shown, send } of screens.values()) for (const id of shown) sendTile(id, send);
}

function sendTile(id: string, send: (body: Buffer) => void): void {
  const device = devices.find((known) => known.id === id);
  if (device === undefined || device.tile_at === null) return;
  const ageS = { "checkpoint-7": 12, "checkpoint-8": 95, "checkpoint-4": 95 }[id] ?? (world.frozen ? nowS() - world.frozen : 0.4);
  const head = Buffer.from(JSON.stringify({ id, at: nowS() - ageS, age_s: ageS }));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(head.length);
  send(Buffer.concat([length, head, pictures.length ? picture(id).body : ROAD]));
}

function upgrade(request: IncomingMessage, stream: Duplex): void {
  const screen = { shown: [] as string[], send: (_: Buffer): void => undefined };
  screen.send = accept(request, stream, (text) => {
    const fresh = (JSON.parse(text) as { show: string[] }).show.filter((id) => !screen.shown.includes(id));
    screen.shown = (JSON.parse(text) as { show: string[] }).show;
    for (const id of fresh) sendTile(id, screen.send);
  });
  screens.set(stream, screen);
  stream.on("close", () => screens.delete(stream));
}

function file(path: string, response: ServerResponse): void {
  const wanted = join(STATIC, normalize(path === "/" ? "/index.html" : path));
  if (!wanted.startsWith(STATIC) || !existsSync(wanted)) return answer(response, { title: "not found" }, 404);
  response.writeHead(200, {
    "Content-Type": TYPES[extname(wanted)] ?? "application/octet-stream",
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
  });
  createReadStream(wanted).pipe(response);
}

for (let i = 0; i < 30; i++) passages.unshift(passage(++passed, nowS() - 90 + 3 * i));
for (const device of devices) if (device.state !== "unknown" && device.state !== "unreachable" && device.state !== "bad_credentials") device.tile_at = nowS();
setInterval(() => {
  send("units", { at: nowS(), units: unitsNow(nowS(), world.drill) });
  if (!world.mute) send("readiness", readiness(world.state, world.leaks, nowS()));
  send("devices", { at: nowS(), devices: devices.filter(({ fps }) => fps !== null).map((device) => ({ ...device, last_frame_at: nowS() })) });
}, 1000);
setInterval(pass, 2500);
setInterval(tiles, 1000);

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => answer(response, { title: String(error) }, 500));
});
server.on("upgrade", (request, stream) => upgrade(request, stream));
server.listen(PORT, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : PORT;
  console.log(`http://127.0.0.1:${port}/#token=dev`);
});
