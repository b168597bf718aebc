/** Live video of one camera: asked for by WHEP, played in a video element, joined again when it ends. */

import { postOffer, Refused, remove } from "./server.ts";

export type Phase =
  | { kind: "connecting" }
  /** Frames arrive. */
  | { kind: "live" }
  /** Connected, but no frame for more than ``STALLED_MS``. */
  | { kind: "stalled" }
  /** The server said no; ``code`` says why. */
  | { kind: "refused"; status: number; code: string };

export const STALLED_MS = 2_000;
/** Without a first frame or without any more frames for so long, it is asked for anew: the answer says what is wrong. */
const GIVE_UP_MS = 12_000;
const LOOK_MS = 200;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
const REFUSED_RETRY_MS = 5_000;

/** What is shown of ``now``, if the last frame came at ``frameMs`` (null: none yet). */
export function phaseOf(frameMs: number | null, nowMs: number): Phase {
  if (frameMs === null) return { kind: "connecting" };
  return { kind: nowMs - frameMs > STALLED_MS ? "stalled" : "live" };
}

/** ``start`` once; ``stop`` ends the session at the server too. */
export class LiveVideo {
  #device: string;
  #video: HTMLVideoElement;
  #tell: (phase: Phase) => void;
  #peer: RTCPeerConnection | null = null;
  #asking: AbortController | null = null;
  #location = "";
  #frameMs: number | null = null;
  #begunMs = 0;
  #tries = 0;
  #first = true;
  #stopped = false;
  #refused = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #look: ReturnType<typeof setInterval> | undefined;
  #end = (): void => this.stop();

  constructor(device: string, video: HTMLVideoElement, tell: (phase: Phase) => void) {
    this.#device = device;
    this.#video = video;
    this.#tell = tell;
  }

  start(): void {
    addEventListener("pagehide", this.#end);
    this.#look = setInterval(() => this.#check(), LOOK_MS);
    this.#frames();
    void this.#join();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    removeEventListener("pagehide", this.#end);
    clearInterval(this.#look);
    this.#leave();
  }

  #frames(): void {
    this.#video.requestVideoFrameCallback(() => {
      this.#frameMs = performance.now();
      this.#tries = 0;
      if (!this.#stopped) this.#frames();
    });
  }

  #check(): void {
    if (this.#refused) return;
    const nowMs = performance.now();
    this.#tell(phaseOf(this.#frameMs, nowMs));
    const last = Math.max(this.#frameMs ?? 0, this.#begunMs);
    if (!document.hidden && this.#peer !== null && nowMs - last > GIVE_UP_MS) this.#again();
  }

  async #join(): Promise<void> {
    const peer = new RTCPeerConnection({ iceServers: [] });
    const asking = new AbortController();
    this.#peer = peer;
    this.#asking = asking;
    this.#begunMs = performance.now();
    peer.ontrack = ({ track, receiver }) => {
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
      this.#video.srcObject = new MediaStream([track]);
    };
    peer.onconnectionstatechange = () => {
      if (peer === this.#peer && ["failed", "closed"].includes(peer.connectionState)) this.#again(); // "disconnected" often mends itself
    };
    try {
      peer.addTransceiver("video", { direction: "recvonly" });
      const offer = await peer.createOffer();
      await peer.setLocalDescription(offer);
      const path = `/v1/live/${encodeURIComponent(this.#device)}/whep`;
      const { sdp, location } = await postOffer(path, offer.sdp ?? "", asking.signal, !this.#first);
      this.#first = false;
      if (peer !== this.#peer) return void remove(location);
      this.#location = location;
      this.#refused = false;
      await peer.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      if (peer !== this.#peer) return;
      this.#first = false;
      this.#refused = error instanceof Refused;
      if (error instanceof Refused) this.#tell({ kind: "refused", status: error.status, code: error.code });
      this.#again(this.#refused ? REFUSED_RETRY_MS : undefined);
    }
  }

  /** Leave, and come again after a pause. */
  #again(waitMs?: number): void {
    this.#leave();
    if (this.#stopped) return;
    const wait = waitMs ?? RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)] ?? 8_000;
    this.#retry = setTimeout(() => void this.#join(), wait * (0.75 + Math.random() / 4));
  }

  #leave(): void {
    clearTimeout(this.#retry);
    this.#asking?.abort();
    const peer = this.#peer;
    this.#peer = null;
    if (this.#location === "") peer?.close();
    else void remove(this.#location).finally(() => peer?.close()); // closed first, it would be gone before it is deleted
    this.#location = "";
  }
}
