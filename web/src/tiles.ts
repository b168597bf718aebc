/** The one socket for the pictures of all tiles: says which are on screen, takes those that changed. */

/** A picture older than this is marked as old, in word and shape. */
export const OLD_AFTER_S = 60;
/** Up to this age a picture is as good as now. */
export const FRESH_S = 5;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
const DECODE_HEAD = new TextDecoder();

export interface Tile {
  id: string;
  /** When the picture was taken, unix seconds. */
  at: number;
  /** Its age when it was sent, by the server's monotonic clock. */
  ageS: number;
  jpeg: Blob;
}

/** Take a message apart: two bytes of length, JSON, JPEG. Throws for anything else. */
export function readTile(message: ArrayBuffer): Tile {
  const length = new DataView(message).getUint16(0);
  const head = JSON.parse(DECODE_HEAD.decode(new Uint8Array(message, 2, length))) as Record<string, unknown>;
  const { id, at, age_s: ageS } = head;
  if (typeof id !== "string" || typeof at !== "number" || typeof ageS !== "number") throw new Error("a tile without its time");
  return { id, at, ageS, jpeg: new Blob([new Uint8Array(message, 2 + length)], { type: "image/jpeg" }) };
}

export interface TileListener {
  tile(tile: Tile): void;
  /** The socket is up or down; while it is down nothing on screen is kept fresh. */
  link(up: boolean): void;
}

/** The part of a browser's WebSocket that is used. */
export interface Socket {
  binaryType: BinaryType;
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null;
  send(text: string): void;
  close(): void;
}

const OPEN = 1;

/** Keeps a socket open; says what is shown whenever that changes and whenever the socket is new. */
export class Tiles {
  #open: () => Socket;
  #listener: TileListener;
  #socket: Socket | null = null;
  #shown: readonly string[] = [];
  #said = "";
  #tries = 0;

  constructor(open: () => Socket, listener: TileListener) {
    this.#open = open;
    this.#listener = listener;
  }

  start(): void {
    const socket = this.#open();
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#tries = 0;
      this.#said = "";
      this.#listener.link(true);
      this.#say();
    };
    socket.onmessage = (event) => this.#listener.tile(readTile(event.data));
    socket.onclose = () => {
      this.#listener.link(false);
      const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)] ?? 8_000;
      setTimeout(() => this.start(), wait * (0.5 + Math.random() / 2));
    };
  }

  /** Say which tiles are on screen. */
  show(ids: readonly string[]): void {
    this.#shown = [...ids].sort();
    this.#say();
  }

  #say(): void {
    const text = JSON.stringify({ show: this.#shown });
    if (text === this.#said || this.#socket?.readyState !== OPEN) return;
    this.#said = text;
    this.#socket.send(text);
  }
}

/** A WebSocket to our own server. */
export function openTiles(): Socket {
  return new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/mosaic`);
}
