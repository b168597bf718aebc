import { expect, test } from "vitest";

import { IN_FLIGHT, Pictures } from "../src/pictures.ts";
import type { Picture } from "../src/server.ts";

interface Asked {
  id: string;
  etag: string;
  answer: (picture: Picture | null) => void;
  fail: () => void;
  signal: AbortSignal;
}

function loader(): { asked: Asked[]; shown: string[]; pictures: Pictures } {
  const asked: Asked[] = [];
  const shown: string[] = [];
  const pictures = new Pictures(
    (id, etag, signal) =>
      new Promise((answer, reject) => asked.push({ id, etag, answer, signal, fail: () => reject(new Error("no")) })),
    (id, picture) => shown.push(`${id}@${picture.at}`),
  );
  return { asked, shown, pictures };
}

const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const picture = (at: number, etag = `"${at}"`): Picture => ({ blob: new Blob(), etag, at });
const tiles = (n: number, everyMs = 1_000) => Array.from({ length: n }, (_, i) => ({ id: `t${i}`, everyMs }));

test("no more than a few requests are in flight, and every tile has its turn", async () => {
  const { asked, pictures } = loader();
  pictures.want(tiles(10));
  const seen = new Set<string>();
  for (let ms = 0; ms < 900; ms += 100) {
    pictures.step(ms);
    expect(pictures.inFlight).toBeLessThanOrEqual(IN_FLIGHT);
    for (const request of asked.splice(0)) {
      seen.add(request.id);
      request.answer(null);
    }
    await settle();
  }
  expect(seen.size).toBe(10);
});

test("a picture is asked for again with its tag, and only when it is due", async () => {
  const { asked, shown, pictures } = loader();
  pictures.want(tiles(1));
  pictures.step(0);
  asked.pop()?.answer(picture(7));
  await settle();
  pictures.step(500);
  expect(asked).toHaveLength(0);
  pictures.step(1_000);
  expect(asked[0]?.etag).toBe('"7"');
  asked.pop()?.answer(null);
  await settle();
  expect(shown).toEqual(["t0@7"]);
});

test("a tile that left the screen is dropped, its late answer too", async () => {
  const { asked, shown, pictures } = loader();
  pictures.want(tiles(1));
  pictures.step(0);
  pictures.want([]);
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.answer(picture(1));
  await settle();
  expect(shown).toEqual([]);
});

test("a failing tile waits longer than the others", async () => {
  const { asked, pictures } = loader();
  pictures.want(tiles(1));
  pictures.step(0);
  asked.pop()?.fail();
  await settle();
  pictures.step(2_000);
  expect(asked).toHaveLength(0);
  pictures.step(5_000);
  expect(asked).toHaveLength(1);
});
