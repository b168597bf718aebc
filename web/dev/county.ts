/** An invented county for developing the wall, and a world that moves a little. Never shipped. */

import type { County, Device, DeviceState, Fixes, Odds, Passage, Post, Race, RaceExit, Readiness, Unit, Verdict, VerdictState } from "../src/types.ts";

const CENTRE = { lat: 42.68, lon: 125.53 };
const LAT_KM = 1 / 111.2;
const LON_KM = 1 / (111.2 * Math.cos((CENTRE.lat * Math.PI) / 180));

let seed = 7;
export function chance(): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
}

function at(km: number, deg: number): { lat: number; lon: number } {
  const a = (deg * Math.PI) / 180;
  return { lat: CENTRE.lat + km * Math.cos(a) * LAT_KM, lon: CENTRE.lon + km * Math.sin(a) * LON_KM };
}

function wobble(deg: number, km: number): number {
  return km * (1 + 0.12 * Math.sin((deg * Math.PI) / 60) + 0.07 * Math.cos((deg * Math.PI) / 31));
}

function loop(km: number): [number, number][] {
  return Array.from({ length: 73 }, (_, i) => {
    const p = at(wobble(i * 5, km), i * 5);
    return [p.lat, p.lon];
  });
}

const TOWNSHIPS = ["东丰镇", "大阳镇", "横道河镇", "那丹伯镇", "猴石镇", "杨木林镇", "小四平镇", "黄河镇", "拉拉河镇", "沙河镇", "南屯基镇", "大兴镇", "三合乡", "二龙山乡"];
const TOWN_EXITS = ["北环路口", "东丰大街东口", "303 国道西口", "南站路口", "莲河桥", "集双高速收费站", "东兴路口", "绕盈河桥", "西城路口"];
const EDGE = ["大阳南", "横道河西", "那丹伯北", "猴石东", "杨木林南", "小四平界", "黄河桥", "拉拉河口", "沙河东", "南屯基北", "大兴西", "三合岭", "二龙山口", "集双高速界"];

const posts: Post[] = [
  ...TOWN_EXITS.map((name, i): Post => ({ id: `town-${i + 1}`, name, ring: "town", ...at(wobble(i * 40, 3.4), i * 40), deadline_s: 900, need_units: 1, group: null, one_crew: false })),
  ...EDGE.map((name, i): Post => ({ id: `county-${i + 1}`, name, ring: "county", ...at(wobble(i * 25.7, 27), i * 25.7), deadline_s: 1800, need_units: 1, group: null, one_crew: false })),
];

const units = Array.from({ length: 60 }, (_, i) => ({ id: `unit-${i + 1}`, call_sign: `${i < 36 ? "鹰" : "辽"}${String(i + 1).padStart(2, "0")}` }));

export const county: County = {
  name: "东丰县",
  code: "220421",
  invented: true,
  centre: CENTRE,
  townships: TOWNSHIPS.map((name, i) => ({ id: `t${i}`, name, ...(i === 0 ? CENTRE : at(10 + 12 * chance(), i * 27.7)) })),
  posts,
  checkpoints: Array.from({ length: 13 }, (_, i) => ({ id: `checkpoint-${i}`, post: posts[i]?.id ?? null, calibrated: i < 3 })),
  units,
  closures: [{ road: "县道 X021", reason: "桥梁维修", ...at(14, 200) }],
  zones: [
    ...[0, 90, 180, 270].map((deg, i) => ({ id: `z${i}`, name: `防控区 ${i + 1}`, kind: "prevention" as const, outline: sector(deg, 90, 2.9) })),
    ...Array.from({ length: 8 }, (_, i) => ({ id: `p${i}`, name: `巡逻区 ${i + 1}`, kind: "patrol" as const, outline: sector(i * 45, 45, 2.7) })),
  ],
  standby_points: Array.from({ length: 32 }, (_, i) => ({ id: `s${i}`, name: `待警点 ${i + 1}`, ...at(0.4 + 2.2 * chance(), chance() * 360) })),
  rings: [
    { ring: "town", deadline_s: 900, outline: loop(3.4) },
    { ring: "county", deadline_s: 1800, outline: loop(27) },
  ],
};

function sector(from: number, width: number, km: number): [number, number][] {
  const arc = Array.from({ length: 10 }, (_, i) => at(wobble(from + (width * i) / 9, km), from + (width * i) / 9));
  return [CENTRE, ...arc, CENTRE].map((p) => [p.lat, p.lon]);
}

function roads(): GeoJSON.FeatureCollection {
  const features: GeoJSON.Feature[] = [];
  const add = (name: string, points: { lat: number; lon: number }[]): void => {
    features.push({
      type: "Feature",
      geometry: { type: "LineString", coordinates: points.map((p) => [p.lon, p.lat]) },
      properties: { class: name, name: "", one_way: false },
    });
  };
  const radial = (deg: number, from: number, to: number): { lat: number; lon: number }[] =>
    Array.from({ length: 30 }, (_, i) => at(from + ((to - from) * i) / 29, deg + 5 * Math.sin(i / 4 + deg)));
  add("expressway", Array.from({ length: 40 }, (_, i) => at(Math.hypot(5, i * 1.6 - 32), 100 + (Math.atan2(i * 1.6 - 32, 5) * 180) / Math.PI)));
  TOWN_EXITS.forEach((_, i) => add(i % 4 === 0 ? "national" : "provincial", radial(i * 40, 2, 31)));
  EDGE.forEach((_, i) => add("county", radial(i * 25.7, 6, 29)));
  for (const km of [9, 17, 23]) add("county", loop(km).map(([lat, lon]) => ({ lat, lon })));
  for (let i = 0; i < 1200; i++) {
    const a = at(5 + 21 * Math.sqrt(chance()), chance() * 360);
    const b = { lat: a.lat + (chance() - 0.5) * 0.03, lon: a.lon + (chance() - 0.5) * 0.04 };
    add(chance() < 0.7 ? "village" : "track", [a, { lat: (a.lat + b.lat) / 2 + (chance() - 0.5) * 0.008, lon: (a.lon + b.lon) / 2 }, b]);
  }
  for (let i = -14; i <= 14; i++) {
    const half = Math.sqrt(Math.max(0, 9 - (i * 0.22) ** 2)) * 0.9;
    const name = i % 5 === 0 ? "county" : "street";
    const east = i * 0.22 * LON_KM;
    const north = i * 0.22 * LAT_KM;
    add(name, [{ lat: CENTRE.lat - half * LAT_KM, lon: CENTRE.lon + east }, { lat: CENTRE.lat + half * LAT_KM, lon: CENTRE.lon + east + 0.002 }]);
    add(name, [{ lat: CENTRE.lat + north, lon: CENTRE.lon - half * LON_KM }, { lat: CENTRE.lat + north - 0.001, lon: CENTRE.lon + half * LON_KM }]);
  }
  return { type: "FeatureCollection", features };
}

export function makeDevices(cameras: number): Device[] {
  const device = (i: number, kind: Device["kind"], name: string, place: { lat: number; lon: number }): Device => ({
    id: `${kind}-${i}`, kind, name, lat: place.lat, lon: place.lon, township: `t${i % 14}`, net: kind === "camera" ? "street" : "technical_video",
    masked: kind === "camera" && (i === 4 || i === 9), state: "unknown", since: null, cause: null, last_frame_at: null, fps: null, tile_at: null,
    picture: { state: i === 6 ? "frozen" : "unknown", since: null, seen_at: null, cause: null }, codec: null, width: null, height: null, gop_s: null,
    via: null, sub_state: null, watched: null, notes: [], clock_offset_s: null,
  });
  return [
    ...Array.from({ length: 350 }, (_, i) => {
      const town = chance() < 0.75;
      return device(i, "camera", `${["府北", "府南", "西城", "兴隆", "东兴", "南站"][i % 6]} ${String(i + 1).padStart(3, "0")}`, at(town ? 3 * Math.sqrt(chance()) : 4 + 20 * chance(), chance() * 360));
    }),
    ...Array.from({ length: 13 }, (_, i) => device(i, "checkpoint", `${[...TOWN_EXITS, ...EDGE][i] ?? i}卡口`, posts[i] ?? CENTRE)),
  ].map((d) => {
    const pulled = d.kind === "checkpoint" || Number(d.id.split("-")[1]) < cameras;
    const odd: Record<string, DeviceState> = { "checkpoint-4": "stalled", "camera-3": "unreachable", "camera-5": "late", "camera-8": "bad_credentials", "camera-9": "closed" };
    return pulled ? { ...d, state: odd[d.id] ?? "online", since: Date.now() / 1000 - 4000, fps: 25, codec: "h264", width: 1920, height: 1080, gop_s: 2, via: "rtsp" } : d;
  });
}

const homes = units.map((_, i) => (i < 36 ? { km: 0.5 + 2.5 * chance(), deg: chance() * 360 } : { km: 8 + 15 * chance(), deg: chance() * 360 }));

export function unitsNow(nowS: number, drill: boolean): Unit[] {
  return units.map((unit, i) => {
    const home = homes[i] ?? { km: 1, deg: 0 };
    const moving = i % 3 !== 0;
    const p = at(home.km, home.deg + (moving ? nowS / 12 : 0));
    const trust = i % 17 === 5 ? "too_old" : "fresh";
    const age = trust === "fresh" ? 1 : 240;
    return {
      id: unit.id, call_sign: unit.call_sign, ...p, speed_kmh: moving ? 32 : 0, heading_deg: (home.deg + 90) % 360,
      status: moving ? "patrol" : "standby", seen_at: nowS - age, age_s: age, trust, drill,
    };
  });
}

function odds(enough: boolean): Odds {
  const p = enough ? 0.976 : 0.778;
  return {
    committed: { p, low: p - 0.003, high: p + 0.003, held: Math.floor(20_000 * p), scenarios: 20_000 }, hindsight: null,
    deadline_factor: enough ? 0.969 : 1.23, enough, noise: { model: "mixed", travel_cv: 0.15, turnout_cv: 0.6, assumed: true },
  };
}

const FIX = {
  unit: null, posts: [], takes_s: null, within_s: null, standby: null, lat: null, lon: null, roads: [], leaves: null, need: null, counted: false,
};
const FIXES: Fixes = {
  deficiency: 1, count: 17, proved: true, smallest: [], keeping: [],
  single: [
    { ...FIX, kind: "answer", unit: "unit-6", helps_now: true, within_s: 371.4 },
    { ...FIX, kind: "release", unit: "unit-19", helps_now: true, leaves: "on_call", within_s: 207.9 },
    { ...FIX, kind: "give_up", posts: ["town-5"], helps_now: true, takes_s: 0, roads: ["西环机耕路"] },
    { ...FIX, kind: "stand_at", unit: "unit-12", helps_now: false, takes_s: 144.6, standby: "s7" },
    { ...FIX, kind: "shorter_setup", posts: ["town-5"], helps_now: false },
    { ...FIX, kind: "one_more", helps_now: false, lat: 42.7, lon: 125.5, roads: [""] },
  ],
};

function verdict(state: VerdictState, ring: "town" | "county" | "joint"): Verdict {
  const mine = posts.filter((post) => ring === "joint" || post.ring === ring);
  const plan = mine.map((post, i) => {
    const staffed = post.ring === "town" ? 420 + ((i * 53) % 440) : 900 + ((i * 71) % 840);
    const squeeze = state === "at_risk" && i === 4 ? 870 : staffed;
    return {
      unit: post.ring === "town" ? `unit-${i * 3 + 2}` : `unit-${37 + (i % 23)}`, post: post.id,
      ring: post.ring, drive_s: squeeze - 360, arrive_s: squeeze - 300, staffed_s: squeeze, margin_s: post.deadline_s - squeeze,
    };
  });
  const known = state === "ready" || state === "at_risk";
  const margin = Math.min(...plan.map((order) => order.margin_s));
  return {
    state, feasible: known ? true : state === "not_possible" ? false : null,
    deadline_s: ring === "town" ? 900 : 1800,
    deadline_by_ring_s: ring === "joint" ? { town: 900, county: 1800 } : { [ring]: ring === "town" ? 900 : 1800 },
    t_star_s: known ? (ring === "county" ? 1724.2 : 851.6) : null, ratio: known ? 0.957 : null,
    travel_slack: known ? (state === "ready" ? 1.318 : 1.041) : null,
    weakest_post: known ? (plan.find((order) => order.margin_s === margin)?.post ?? null) : null,
    margin_s: known ? margin : null, plan: known ? plan : [],
    why_not: state === "not_possible"
      ? { posts: ["town-2", "town-5", "town-8"], need: 3, units_in_time: ["unit-4", "unit-12"], deficiency: 1, text: "时限内只有 2 个单元能赶到这 3 个岗位；鹰07 差 2:10，鹰19 正在出警。" }
      : null,
    odds: known ? odds(state === "ready") : null,
    losses: known ? { single: state === "at_risk" ? ["unit-2", "unit-5"] : [], double: [["unit-37", "unit-38"]], posts: [] } : null,
    fixes: known ? null : FIXES,
    ask_by_radio: state === "unknown" ? ["unit-6", "unit-23", "unit-40"] : [],
  };
}

export function readiness(state: VerdictState, leaks: boolean, nowS: number): Readiness {
  const out = posts[6] ?? CENTRE;
  return {
    computed_at: nowS, valid_for_s: 10, age_s: 0.02, cause: null, digest: "dev", state, ring_priority: "town",
    joint: verdict(state, "joint"), town: verdict(state, "town"), county: verdict(state === "not_possible" ? "ready" : state, "county"),
    leaks: leaks ? [{ ring: "town", road: "西环机耕路", ...at(3.4, 285), path: [[CENTRE.lat, CENTRE.lon], [out.lat, out.lon], [at(5, 285).lat, at(5, 285).lon]] }] : [],
    unknown_units: ["unit-6"],
  };
}

export const ROADS = roads();

export interface RaceAsked {
  lat: number;
  lon: number;
  seen_at: number;
  roads: boolean;
}

/** As the crow drives at 25 m/s, with nobody planned for every seventh post. */
export function race(asked: RaceAsked, nowS: number, validS: number): Race {
  const ago = nowS - asked.seen_at;
  const metres = ({ lat, lon }: { lat: number; lon: number }): number =>
    1000 * Math.hypot((lat - asked.lat) / LAT_KM, (lon - asked.lon) / LON_KM);
  const exits = posts.map((post, i): RaceExit => {
    const arrives = metres(post) / 25 - ago;
    const staffed = i % 7 === 5 ? null : post.ring === "town" ? 40 + ((i * 53) % 400) : 100 + ((i * 71) % 900);
    const far = i % 9 === 8;
    const already = arrives <= 0;
    const late = staffed !== null && arrives < staffed;
    return {
      post: post.id, name: post.name, ring: post.ring, road: "", lat: post.lat, lon: post.lon, arrives_in_s: arrives,
      comes_in_s: far ? null : arrives, staffed_in_s: staffed, first_by_s: far || staffed === null ? null : arrives - staffed,
      verdict: far ? "cannot_pass" : staffed === null ? (already ? "may_have_passed" : "unknown") : late ? "may_have_passed" : "cannot_pass",
      already: already && !far, path: far ? [] : [[asked.lat, asked.lon], [CENTRE.lat, CENTRE.lon], [post.lat, post.lon]],
    };
  });
  const first = (ring: string): number => Math.min(...exits.filter((e) => e.ring === ring).map((e) => e.comes_in_s ?? Infinity));
  const leaves = { town: first("town"), county: first("county") };
  const reach = ROADS.features.flatMap(({ geometry }): [number, number][][] => {
    const line = (geometry as GeoJSON.LineString).coordinates.map(([lon, lat]): [number, number] => [lat ?? 0, lon ?? 0]);
    const near = line.filter(([lat, lon]) => metres({ lat, lon }) < 25 * ago);
    return near.length > 1 ? [near] : [];
  });
  return {
    computed_at: nowS, valid_for_s: validS, state: "at_risk", seen: [asked.lat, asked.lon], seen_ago_s: ago, reach_km: ago / 10,
    reach_junctions: Math.floor(ago / 3), leaves_in_s: leaves, next_ring: leaves.town > 0 ? "town" : leaves.county > 0 ? "county" : null,
    leaks: 0, exits, reach: asked.roads ? reach : null,
  };
}

const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";

export function passage(n: number, nowS: number): Passage {
  const colour = ["blue", "blue", "blue", "green", "yellow", "white"][n % 6] ?? "blue";
  const i = Math.floor(chance() * 13);
  const body = Array.from({ length: colour === "green" ? 6 : 5 }, () => LETTERS[Math.floor(chance() * LETTERS.length)]).join("");
  return {
    id: `passage-${n}`, version: 1, checkpoint: `checkpoint-${i}`, checkpoint_name: `${[...TOWN_EXITS, ...EDGE][i]}卡口`,
    at: nowS, first_seen: nowS - 1, last_seen: nowS, plate: n % 11 === 7 ? null : `吉D${body}`, certain: n % 7 !== 3, confidence: 0.93,
    plate_class: "02", plate_colour: colour, lane: 1 + (n % 2),
    province_prior: n % 13 === 5, direction: n % 4 === 1 ? "away" : "towards", vehicle_class: "car",
    speed_kmh: i < 2 ? 38 + (n % 30) : null, speed_error_kmh: i < 2 ? 3.4 : null, source: n % 5 === 4 ? "device" : "video",
    final: n % 3 !== 0, drill: false, frame_received_at: nowS, scene: true, crop: n % 11 !== 7,
  };
}
