/** What lies still on the map, as GeoJSON, and plane geometry. Pure. */

import type { County, Ring } from "../types.ts";

type Feature = GeoJSON.Feature;
export type Shapes = GeoJSON.FeatureCollection;
export type LatLon = readonly [number, number];

export const EMPTY: Shapes = { type: "FeatureCollection", features: [] };

export function ringShapes(county: County): Shapes {
  return collect(county.rings.map((area) => feature(polygon(area.outline), { ring: area.ring })));
}

export function zoneShapes(county: County): Shapes {
  return collect(county.zones.map((zone) => feature(polygon(zone.outline), { kind: zone.kind })));
}

export function outlineOf(county: County, ring: Ring): [number, number][] {
  return county.rings.find((area) => area.ring === ring)?.outline ?? [];
}

/** [west, south, east, north] of a ring, or null when the county has no such ring. */
export function boundsOf(outline: readonly LatLon[]): [number, number, number, number] | null {
  if (outline.length === 0) return null;
  const lats = outline.map(([lat]) => lat);
  const lons = outline.map(([, lon]) => lon);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

export function isInside([lat, lon]: LatLon, outline: readonly LatLon[]): boolean {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [aLat, aLon] = outline[i] as LatLon;
    const [bLat, bLon] = outline[j] as LatLon;
    if (aLat > lat !== bLat > lat && lon < ((bLon - aLon) * (lat - aLat)) / (bLat - aLat) + aLon) inside = !inside;
  }
  return inside;
}

function collect(features: Feature[]): Shapes {
  return { type: "FeatureCollection", features };
}

function feature(geometry: GeoJSON.Geometry, properties: GeoJSON.GeoJsonProperties): Feature {
  return { type: "Feature", geometry, properties };
}

function polygon(outline: readonly LatLon[]): GeoJSON.Polygon {
  return { type: "Polygon", coordinates: [outline.map(([lat, lon]) => [lon, lat])] };
}
