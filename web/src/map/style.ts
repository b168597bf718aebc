/** The map beneath the marks: ground, zones, rings, roads. Nothing in it is fetched; the page fills every source. */

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";

import type { Ring } from "../types.ts";
import { EMPTY } from "./shapes.ts";

export const SOURCES = ["rings", "zones", "roads"] as const;
export type Source = (typeof SOURCES)[number];

const ROAD_COLOUR = [
  "match", ["get", "class"],
  "expressway", "#6f93b3", "national", "#5a7b98", "provincial", "#48657e", "county", "#385067",
  "street", "#33495d", "village", "#213040", "#1a2733",
];
const ROAD_WIDTH: Record<Ring, unknown> = {
  county: ["match", ["get", "class"], "expressway", 2.6, "national", 2, "provincial", 1.6, "county", 1.1, "street", 0.6, 0.6],
  town: ["match", ["get", "class"], "expressway", 5, "national", 4.2, "provincial", 3.6, "county", 2.8, "street", 1.8, 1.2],
};

/** The style for one view; ``scale`` is the screen's size against 1080 lines. */
export function mapStyle(view: Ring, scale: number): StyleSpecification {
  const width = ["*", scale, ROAD_WIDTH[view]];
  const layers = [
    { id: "ground", type: "background", paint: { "background-color": "#0a0f15" } },
    { id: "ring-fill", source: "rings", type: "fill", paint: { "fill-color": "#6cb8de", "fill-opacity": 0.035 } },
    ...(view === "town" ? zoneLayers(scale) : []),
    {
      id: "roads", source: "roads", type: "line",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": ROAD_COLOUR, "line-width": width },
    },
    {
      id: "ring-line", source: "rings", type: "line",
      paint: {
        "line-color": "#6cb8de", "line-opacity": 0.55, "line-dasharray": [3, 2],
        "line-width": ["match", ["get", "ring"], view, 1.6 * scale, 1 * scale],
      },
    },
  ];
  return {
    version: 8,
    sources: Object.fromEntries(SOURCES.map((id) => [id, { type: "geojson" as const, data: EMPTY }])),
    layers: layers as LayerSpecification[],
  };
}

function zoneLayers(scale: number): object[] {
  const ofKind = (kind: string): unknown[] => ["==", ["get", "kind"], kind];
  return [
    {
      id: "prevention-fill", source: "zones", type: "fill", filter: ofKind("prevention"),
      paint: { "fill-color": "#7f8cff", "fill-opacity": 0.05 },
    },
    {
      id: "prevention-line", source: "zones", type: "line", filter: ofKind("prevention"),
      paint: { "line-color": "#7f8cff", "line-opacity": 0.5, "line-width": 1.2 * scale },
    },
    {
      id: "patrol-line", source: "zones", type: "line", filter: ofKind("patrol"),
      paint: { "line-color": "#7f8cff", "line-opacity": 0.22, "line-width": 0.8 * scale, "line-dasharray": [2, 2] },
    },
  ];
}
