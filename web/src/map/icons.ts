/** The map's signs, drawn on canvases: no sprite, no glyph server. State is told by shape first, colour second. */

export const FONT = '"Noto Sans SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,sans-serif';

export const GROUND = "#080c11";
const CALM = "#6cb8de";
const BRIGHT = "#f2f7fb";
const RISK = "#f4ae3d";
const BAD = "#ff5a52";
const UNKNOWN = "#a9b4c2";
const DRILL = "#f4d03d";

type Pen = CanvasRenderingContext2D;
type Draw = (pen: Pen) => void;

interface Sign {
  size: number;
  draw: Draw;
}

/** Every sign is drawn around (0, 0), about ``size`` pixels wide at 1080 lines. */
const SIGNS: Record<string, Sign> = {
  "camera-online": { size: 7, draw: disc(2.4, "#8fb1c9") },
  "camera-late": { size: 9, draw: ring(2.8, RISK, 1.4) },
  "camera-stalled": { size: 13, draw: triangle(5, RISK) },
  "camera-lost": { size: 11, draw: cross(3.6, BAD, 2) },
  "camera-unknown": { size: 7, draw: ring(1.8, "#55677a", 1) },
  standby: { size: 7, draw: cross(2, "#4f6a80", 1) },
  closure: { size: 16, draw: all(disc(6, BAD), bar(BRIGHT)) },
  leak: { size: 26, draw: all(ring(10.5, BAD, 2), cross(5.5, BAD, 3)) },
  "unit-moving": { size: 18, draw: arrow(BRIGHT) },
  "unit-standing": { size: 13, draw: all(disc(4.6, GROUND), disc(3.5, BRIGHT)) },
  "unit-old": { size: 17, draw: all(disc(6.5, GROUND), ring(6, UNKNOWN, 1.4), letter("?", UNKNOWN)) },
  "unit-moving-drill": { size: 18, draw: arrow(DRILL) },
  "unit-standing-drill": { size: 13, draw: all(disc(4.6, GROUND), disc(3.5, DRILL)) },
  "unit-old-drill": { size: 17, draw: all(disc(6.5, GROUND), ring(6, DRILL, 1.4), letter("?", DRILL)) },
  seen: { size: 30, draw: all(ring(9, GROUND, 5), ring(9, BRIGHT, 2), disc(2.4, BRIGHT), hair(7, 14, BRIGHT)) },
  ...postSigns("town", square),
  ...postSigns("county", diamond),
};

/** The sign by name, ``scale`` times as large as at 1080 lines, drawn once. */
export function iconFor(name: string, scale: number): HTMLCanvasElement | null {
  const key = `${name} ${scale}`;
  const known = drawn.get(key);
  if (known) return known;
  const sign = SIGNS[name];
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  if (!sign || !pen) return null;
  canvas.width = canvas.height = Math.ceil(sign.size * scale);
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.scale(scale, scale);
  pen.lineJoin = "round";
  sign.draw(pen);
  drawn.set(key, canvas);
  return canvas;
}

const drawn = new Map<string, HTMLCanvasElement>();

function postSigns(name: string, outline: (r: number) => Draw): Record<string, Sign> {
  const sign = (draw: Draw): Sign => ({ size: 22, draw });
  const edge = (colour: string): Draw => all(filled(outline(7), GROUND), stroked(outline(6), colour, 2));
  return {
    [`post-${name}-planned`]: sign(all(filled(outline(7.5), GROUND), filled(outline(6), CALM), tick)),
    [`post-${name}-short`]: sign(all(filled(outline(7.5), GROUND), filled(outline(6), RISK), letter("!", GROUND))),
    [`post-${name}-late`]: sign(all(filled(outline(7.5), GROUND), filled(outline(6), BAD), chevrons)),
    [`post-${name}-uncovered`]: sign(all(edge(BAD), cross(2.6, BAD, 2))),
    [`post-${name}-open`]: sign(edge("#7f93a6")),
    [`post-${name}-unknown`]: sign(all(edge(UNKNOWN), letter("?", UNKNOWN))),
  };
}

function tick(pen: Pen): void {
  pen.beginPath();
  pen.moveTo(-3, 0.2);
  pen.lineTo(-0.8, 2.4);
  pen.lineTo(3.2, -2.4);
  pen.lineWidth = 1.8;
  pen.strokeStyle = GROUND;
  pen.stroke();
}

/** Two heads of an arrow: he gets through. */
function chevrons(pen: Pen): void {
  pen.beginPath();
  for (const x of [-2.6, 0.6]) {
    pen.moveTo(x, -3);
    pen.lineTo(x + 2.4, 0);
    pen.lineTo(x, 3);
  }
  pen.lineWidth = 1.5;
  pen.strokeStyle = GROUND;
  pen.stroke();
}

/** Four strokes that point at the middle, from ``outer`` to ``inner``. */
function hair(inner: number, outer: number, colour: string): Draw {
  const outline: Draw = (pen) => {
    for (const [x, y] of [[0, -1], [1, 0], [0, 1], [-1, 0]] as const) {
      pen.moveTo(x * outer, y * outer);
      pen.lineTo(x * inner, y * inner);
    }
  };
  return stroked(outline, colour, 2);
}

function all(...draws: Draw[]): Draw {
  return (pen) => draws.forEach((draw) => draw(pen));
}

function square(r: number): Draw {
  return (pen) => pen.rect(-r, -r, 2 * r, 2 * r);
}

function diamond(r: number): Draw {
  const d = r * 1.35;
  return polygon([[0, -d], [d, 0], [0, d], [-d, 0]]);
}

function polygon(points: [number, number][]): Draw {
  return (pen) => {
    points.forEach(([x, y], i) => (i === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
    pen.closePath();
  };
}

function filled(outline: Draw, colour: string): Draw {
  return (pen) => {
    pen.beginPath();
    outline(pen);
    pen.fillStyle = colour;
    pen.fill();
  };
}

function stroked(outline: Draw, colour: string, width: number): Draw {
  return (pen) => {
    pen.beginPath();
    outline(pen);
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  };
}

function circle(r: number): Draw {
  return (pen) => pen.arc(0, 0, r, 0, 2 * Math.PI);
}

function disc(r: number, colour: string): Draw {
  return filled(circle(r), colour);
}

function ring(r: number, colour: string, width: number): Draw {
  return stroked(circle(r), colour, width);
}

function triangle(r: number, colour: string): Draw {
  const outline = polygon([[0, -r], [r, r * 0.8], [-r, r * 0.8]]);
  return all(stroked(outline, GROUND, 2.5), filled(outline, colour));
}

function arrow(colour: string): Draw {
  const outline = polygon([[0, -7], [4.8, 5.5], [0, 2.6], [-4.8, 5.5]]);
  return all(stroked(outline, GROUND, 2.5), filled(outline, colour));
}

function cross(r: number, colour: string, width: number): Draw {
  const outline: Draw = (pen) => {
    pen.moveTo(-r, -r);
    pen.lineTo(r, r);
    pen.moveTo(r, -r);
    pen.lineTo(-r, r);
  };
  return stroked(outline, colour, width);
}

function bar(colour: string): Draw {
  return filled((pen) => pen.rect(-3.8, -1.2, 7.6, 2.4), colour);
}

function letter(text: string, colour: string): Draw {
  return (pen) => {
    pen.font = `800 9px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = colour;
    pen.fillText(text, 0, 0.5);
  };
}
