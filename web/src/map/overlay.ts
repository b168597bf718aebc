/**
 * Marks over the map on one flat canvas.
 *
 * What moves is not given to MapLibre: a still map costs nothing, whereas a source that changes every second makes it
 * draw every road again, which a screen without a GPU cannot keep up with.
 */

import type { Map as MapLibre } from "maplibre-gl";

import { FONT, GROUND, iconFor } from "./icons.ts";
import type { LabelKind, Line, Mark } from "./marks.ts";

const LABELS: Record<LabelKind, { px: number; colour: string; weight: number }> = {
  township: { px: 13, colour: "#90a5b9", weight: 400 },
  post: { px: 12, colour: "#cfe6f5", weight: 500 },
  unit: { px: 11, colour: "#f2f7fb", weight: 600 },
  unitOld: { px: 11, colour: "#a9b4c2", weight: 400 },
};
const LINES: Record<Line["kind"], { colour: string; width: number; dash: number[] }> = {
  order: { colour: "#6cb8de", width: 1.3, dash: [6, 3] },
  short: { colour: "#f4ae3d", width: 1.6, dash: [6, 3] },
  leak: { colour: "#ff5a52", width: 2.5, dash: [5, 3] },
  reach: { colour: "#d98be0", width: 6, dash: [] },
  escape: { colour: "#ff5a52", width: 2, dash: [9, 4] },
};
const REACH_PX = 10;

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export class Overlay {
  readonly canvas = document.createElement("canvas");
  #map: MapLibre;
  #scale: number;
  #marks: readonly Mark[] = [];
  #lines: readonly Line[] = [];
  #asked = 0;

  constructor(map: MapLibre, scale: number) {
    this.#map = map;
    this.#scale = scale;
    this.canvas.className = "overlay";
    map.on("move", () => this.draw());
    map.on("resize", () => this.draw());
  }

  /** Show these from the next frame on. */
  put(marks: readonly Mark[], lines: readonly Line[]): void {
    this.#marks = marks;
    this.#lines = lines;
    if (this.#asked === 0) {
      this.#asked = requestAnimationFrame(() => {
        this.#asked = 0;
        this.draw();
      });
    }
  }

  /** The device of the mark nearest to a point of the screen, within reach of a finger. */
  deviceAt(x: number, y: number): string | null {
    let nearest = REACH_PX * this.#scale;
    let found: string | null = null;
    for (const mark of this.#marks) {
      if (mark.device === undefined) continue;
      const at = this.#map.project([mark.lon, mark.lat]);
      const distance = Math.hypot(at.x - x, at.y - y);
      if (distance < nearest) {
        nearest = distance;
        found = mark.device;
      }
    }
    return found;
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.#map.getContainer();
    const ratio = window.devicePixelRatio;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const run of runs(this.#lines)) this.#stroke(pen, run);
    for (const mark of this.#marks) this.#sign(pen, mark, ratio);
    const taken: Box[] = [];
    for (const mark of this.#marks) this.#label(pen, mark, taken);
  }

  /** Lines that look alike are one stroke: thousands of roads cost little so, and cross without darker spots. */
  #stroke(pen: CanvasRenderingContext2D, lines: Run): void {
    const style = LINES[lines[0].kind];
    pen.beginPath();
    for (const line of lines) {
      line.points.forEach(([lat, lon], i) => {
        const { x, y } = this.#map.project([lon, lat]);
        if (i === 0) pen.moveTo(x, y);
        else pen.lineTo(x, y);
      });
    }
    pen.strokeStyle = style.colour;
    pen.globalAlpha = lines[0].kind === "reach" ? 0.5 : lines[0].faint ? 0.3 : 0.8;
    pen.lineWidth = style.width * this.#scale;
    pen.setLineDash(style.dash.map((length) => length * this.#scale));
    pen.stroke();
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  #sign(pen: CanvasRenderingContext2D, mark: Mark, ratio: number): void {
    const icon = mark.icon === null ? null : iconFor(mark.icon, this.#scale * ratio);
    if (!icon) return;
    const { x, y } = this.#map.project([mark.lon, mark.lat]);
    const width = (icon.width / ratio) * (mark.size ?? 1);
    pen.save();
    pen.translate(x, y);
    pen.rotate(((mark.turn ?? 0) * Math.PI) / 180);
    pen.drawImage(icon, -width / 2, -width / 2, width, width);
    pen.restore();
  }

  /** Texts give way to those drawn before; the signs stay. */
  #label(pen: CanvasRenderingContext2D, mark: Mark, taken: Box[]): void {
    if (!mark.label) return;
    const style = LABELS[mark.label.kind];
    const px = style.px * this.#scale;
    const at = this.#map.project([mark.lon, mark.lat]);
    const y = at.y + mark.label.offset * this.#scale;
    pen.font = `${style.weight} ${px}px ${FONT}`;
    const half = pen.measureText(mark.label.text).width / 2 + 2;
    const { clientWidth: width } = this.#map.getContainer();
    if (at.x < 0 || at.x > width) return;
    const x = Math.min(Math.max(at.x, half), width - half);
    const box = { left: x - half, right: x + half, top: y - px * 0.6, bottom: y + px * 0.6 };
    if (taken.some((other) => overlap(box, other))) return;
    taken.push(box);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3 * this.#scale;
    pen.strokeStyle = GROUND;
    pen.strokeText(mark.label.text, x, y);
    pen.fillStyle = style.colour;
    pen.fillText(mark.label.text, x, y);
  }
}

type Run = [Line, ...Line[]];

/** Lines that follow each other and look alike, together. */
function runs(lines: readonly Line[]): Run[] {
  const found: Run[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && last[0].kind === line.kind && last[0].faint === line.faint) last.push(line);
    else found.push([line]);
  }
  return found;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
