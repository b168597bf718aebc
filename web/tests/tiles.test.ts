import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { readTile, Tiles, type Socket, type Tile } from "../src/tiles.ts";

class Wire implements Socket {
  binaryType: BinaryType = "blob";
  readyState = 0;
  onopen: Socket["onopen"] = null;
  onclose: Socket["onclose"] = null;
  onmessage: Socket["onmessage"] = null;
  said: string[] = [];
  send(text: string): void {
    this.said.push(text);
  }
  close(): void {
    this.readyState = 3;
    this.onclose?.(new Event("close") as CloseEvent);
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }
}

function message(head: unknown, jpeg: number[]): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(head));
  return new Uint8Array([text.length >> 8, text.length & 255, ...text, ...jpeg]).buffer;
}

function world(): { wires: Wire[]; links: boolean[]; got: Tile[]; tiles: Tiles } {
  const wires: Wire[] = [];
  const links: boolean[] = [];
  const got: Tile[] = [];
  const open = (): Wire => wires[wires.push(new Wire()) - 1] as Wire;
  const tiles = new Tiles(open, { tile: (tile) => got.push(tile), link: (up) => links.push(up) });
  tiles.start();
  return { wires, links, got, tiles };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a message is a length, what it says, and a picture", async () => {
  const tile = readTile(message({ id: "摄像机", at: 7.5, age_s: 0.25 }, [255, 216, 1]));
  expect([tile.id, tile.at, tile.ageS]).toEqual(["摄像机", 7.5, 0.25]);
  expect([...new Uint8Array(await tile.jpeg.arrayBuffer())]).toEqual([255, 216, 1]);
  expect(() => readTile(message({ id: "a", at: 7.5 }, []))).toThrow();
  expect(() => readTile(new Uint8Array([0, 200, 1]).buffer)).toThrow();
});

test("what is shown is said when it changes, and again on a new socket", () => {
  const { wires, links, got, tiles } = world();
  tiles.show(["b", "a"]);
  expect(wires[0]?.said).toEqual([]);
  wires[0]?.open();
  tiles.show(["a", "b"]);
  tiles.show(["a"]);
  expect(wires[0]?.said).toEqual(['{"show":["a","b"]}', '{"show":["a"]}']);
  wires[0]?.onmessage?.(new MessageEvent("message", { data: message({ id: "a", at: 1, age_s: 0 }, []) }));
  expect(got.map(({ id }) => id)).toEqual(["a"]);
  wires[0]?.close();
  expect(links).toEqual([true, false]);
  vi.advanceTimersByTime(1_000);
  wires[1]?.open();
  expect(wires[1]?.said).toEqual(['{"show":["a"]}']);
});

test("a server that is away is asked less and less often", () => {
  const { wires } = world();
  for (let n = 0; n < 8; n++) {
    wires.at(-1)?.close();
    vi.advanceTimersByTime(8_000);
    expect(wires).toHaveLength(n + 2);
  }
  wires.at(-1)?.close();
  vi.advanceTimersByTime(3_900);
  expect(wires).toHaveLength(9);
});
