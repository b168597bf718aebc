import { expect, test } from "vitest";

import { say, sayWord, TEXT } from "../src/text.ts";

test("every text is there in both languages, with the same values to fill in", () => {
  for (const [key, [chinese, english]] of Object.entries(TEXT)) {
    expect(chinese.trim(), key).not.toBe("");
    expect(english.trim(), key).not.toBe("");
    const holes = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();
    expect(holes(chinese), key).toEqual(holes(english));
  }
});

test("a word the catalogue lacks is shown as it came", () => {
  expect(say("planCount", { posts: 23, units: 24 })).toBe("23 岗 · 24 单元");
  expect(sayWord("net", "street")).toBe("街面");
  expect(sayWord("net", "toString")).toBe("toString");
});
