/** What the server sends: docs/design/0001-one-thin-line.md section 5, 0002 section 4. Times are unix seconds. */

export type DeviceState =
  | "online"
  | "late"
  | "stalled"
  | "no_keyframe"
  | "bad_credentials"
  | "unreachable"
  | "closed"
  | "unknown";

export type PictureState = "good" | "frozen" | "black" | "covered" | "blurred" | "moved" | "unknown";
export type StreamKind = "main" | "sub";

export interface Device {
  id: string;
  kind: "camera" | "checkpoint";
  name: string;
  lat: number;
  lon: number;
  township: string;
  net: string;
  /** Parts of its picture are hidden: masked keyframes alone, neither live video nor recordings. */
  masked: boolean;
  state: DeviceState;
  since: number | null;
  cause: string | null;
  last_frame_at: number | null;
  fps: number | null;
  tile_at: number | null;
  picture: { state: PictureState; since: number | null; seen_at: number | null; cause: string | null };
  codec: "h264" | "h265" | null;
  width: number | null;
  height: number | null;
  gop_s: number | null;
  via: "rtsp" | "rtsps" | "pyav" | null;
  sub_state: DeviceState | null;
  watched: StreamKind | null;
  notes: string[];
  clock_offset_s: number | null;
}

export interface Devices {
  at: number | null;
  devices: Device[];
}

export interface Passage {
  id: string;
  version: number;
  checkpoint: string;
  checkpoint_name: string;
  at: number;
  first_seen: number;
  last_seen: number;
  plate: string | null;
  certain: boolean;
  confidence: number;
  plate_class: string | null;
  plate_colour: string | null;
  /** The county's own province decided the first character; null where nobody says. */
  province_prior: boolean | null;
  lane: number | null;
  /** "towards" the camera or "away" from it; null where it was not seen. */
  direction: string | null;
  /** Both or neither. */
  speed_kmh: number | null;
  speed_error_kmh: number | null;
  vehicle_class: string;
  source: "video" | "device";
  final: boolean;
  drill: boolean;
  frame_received_at: number | null;
  scene: boolean;
  crop: boolean;
}

export interface Alert {
  id: string;
  raised_at: number;
  passage: Passage;
  watchlist: { id: string; reason: string; requester: string };
  state: "open" | "confirmed" | "rejected";
  drill: boolean;
  latency_ms: number | null;
}

export type RuleKind = "intrusion" | "line" | "wrong_way" | "loitering" | "stopped" | "crowd" | "abandoned";

/** What a rule of a camera says; ``unknown``: it held, and nobody can say whether it ended. */
export interface RuleEvent {
  id: string;
  camera: string;
  rule: string;
  name: string;
  kind: RuleKind;
  state: "began" | "ended" | "unknown";
  since: number;
  began_at: number;
  ended_at: number | null;
  cause: string;
  count: number;
  class: string | null;
  /** Left, top, right, bottom in shares of the picture. */
  box: [number, number, number, number] | null;
  review: "open" | "confirmed" | "rejected";
  reviewed_at: number | null;
  note: string | null;
}

export type Trust = "fresh" | "too_old" | "frozen" | "untrusted" | "never_seen";

export interface Unit {
  id: string;
  call_sign: string;
  lat: number | null;
  lon: number | null;
  speed_kmh: number | null;
  heading_deg: number | null;
  status: string;
  seen_at: number | null;
  age_s: number | null;
  trust: Trust;
  drill: boolean;
}

export interface Units {
  at: number | null;
  units: Unit[];
}

export type Ring = "town" | "county";
export type VerdictState = "ready" | "at_risk" | "not_possible" | "unknown";

export interface Order {
  unit: string;
  post: string;
  ring: Ring;
  drive_s: number;
  arrive_s: number;
  staffed_s: number;
  margin_s: number;
}

export interface WhyNot {
  posts: string[];
  need: number;
  units_in_time: string[];
  deficiency: number;
  text: string;
}

/** A probability with its 95 % limits. */
export interface Share {
  p: number;
  low: number;
  high: number;
  held: number;
  scenarios: number;
}

/** How likely the plan of a verdict holds, counted for this very verdict. */
export interface Odds {
  committed: Share;
  hindsight: Share | null;
  deadline_factor: number | null;
  enough: boolean;
  noise: { model: string; travel_cv: number; turnout_cv: number; assumed: boolean };
}

export interface Losses {
  single: string[];
  double: [string, string][];
  posts: string[];
}

export type FixKind =
  | "answer" | "release" | "stand_at" | "one_more" | "shorter_setup" | "reopen" | "lower_need" | "give_up";

export interface Fix {
  kind: FixKind;
  unit: string | null;
  posts: string[];
  helps_now: boolean;
  /** Null: it cannot be known. */
  takes_s: number | null;
  within_s: number | null;
  standby: string | null;
  lat: number | null;
  lon: number | null;
  roads: string[];
  leaves: string | null;
  need: [number, number] | null;
  /** Of answer: the unit counts, but not where it is and which way it drives. */
  counted: boolean;
}

export interface Fixes {
  deficiency: number;
  /** How many single fixes there are; ``single`` has the first of them. */
  count: number;
  single: Fix[];
  smallest: Fix[];
  keeping: Fix[];
  proved: boolean;
}

export interface Verdict {
  state: VerdictState;
  feasible: boolean | null;
  deadline_s: number;
  deadline_by_ring_s: { town?: number; county?: number };
  t_star_s: number | null;
  ratio: number | null;
  travel_slack: number | null;
  weakest_post: string | null;
  margin_s: number | null;
  plan: Order[];
  why_not: WhyNot | null;
  ask_by_radio: string[];
  /** Whom the plan cannot lose; null until computed, and where no plan holds. */
  losses: Losses | null;
  /** What would help; null until computed, and where a plan holds. */
  fixes: Fixes | null;
  /** Null until they are counted, and where no plan holds. */
  odds: Odds | null;
}

export interface Leak {
  ring: Ring;
  road: string;
  lat: number;
  lon: number;
  path: [number, number][];
}

export interface Readiness {
  computed_at: number | null;
  valid_for_s: number;
  /** Seconds since it was computed when it was sent, by the server's monotonic clock. */
  age_s: number | null;
  /** Why the server itself calls it unknown, or null. */
  cause: string | null;
  digest: string | null;
  state: VerdictState;
  ring_priority: Ring | null;
  joint: Verdict;
  town: Verdict;
  county: Verdict;
  leaks: Leak[];
  unknown_units: string[];
}

/** One exit in the race; times from the answer on, negative where they have passed, as if all were ordered out then. */
export interface RaceExit {
  post: string;
  name: string;
  ring: Ring;
  road: string;
  lat: number;
  lon: number;
  /** His coming with no post standing, and with posts staffed as planned; null: he cannot come. */
  arrives_in_s: number | null;
  comes_in_s: number | null;
  staffed_in_s: number | null;
  /** How much sooner the post stands than he comes. */
  first_by_s: number | null;
  verdict: "may_have_passed" | "cannot_pass" | "unknown";
  already: boolean;
  path: [number, number][];
}

export interface Race {
  computed_at: number;
  valid_for_s: number;
  state: VerdictState;
  seen: [number, number];
  seen_ago_s: number;
  reach_km: number;
  reach_junctions: number;
  /** When he can first be outside each ring; null: posts as planned keep him in. */
  leaves_in_s: { town?: number | null; county?: number | null };
  next_ring: Ring | null;
  leaks: number;
  exits: RaceExit[];
  /** The roads that he can be on. */
  reach: [number, number][][] | null;
}

export interface Status {
  bus: "up" | "down";
  planner: "up" | "down";
  /** Another system's stream of positions: absent where there is none. */
  positions?: "up" | "down";
  positions_from?: string;
  positions_at?: number | null;
}

export interface County {
  name: string;
  code: string;
  invented: boolean;
  centre: { lat: number; lon: number };
  townships: { id: string; name: string; lat: number; lon: number }[];
  posts: Post[];
  checkpoints: { id: string; post: string | null; calibrated: boolean }[];
  units: { id: string; call_sign: string }[];
  closures: { road: string; reason: string; lat: number; lon: number }[];
  zones: { id: string; name: string; kind: "prevention" | "patrol"; outline: [number, number][] }[];
  standby_points: { id: string; name: string; lat: number; lon: number }[];
  rings: { ring: Ring; deadline_s: number; outline: [number, number][] }[];
}

export interface Post {
  id: string;
  name: string;
  ring: Ring;
  lat: number;
  lon: number;
  deadline_s: number;
  need_units: number;
  /** Posts of one crossing; with ``one_crew`` those who stand at one of them hold all. */
  group: string | null;
  one_crew: boolean;
}

export interface Session {
  role: "operator" | "wall" | "administrator";
  subject: string;
}
