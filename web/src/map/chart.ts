/** One MapLibre map of the county's own roads, with an overlay for all that moves. */

import "maplibre-gl/dist/maplibre-gl.css";

import { type GeoJSONSource, Map as MapLibre, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import type { Ring } from "../types.ts";
import { Overlay } from "./overlay.ts";
import type { LatLon, Shapes } from "./shapes.ts";
import { mapStyle, type Source } from "./style.ts";

setWorkerUrl(workerUrl);

const MARGIN_PX = 26;
const BESIDE_PX = 13;

export type Bounds = [west: number, south: number, east: number, north: number];

export class Chart {
  readonly map: MapLibre;
  readonly overlay: Overlay;
  /** How far aside a marker stands from a sign at the same place. */
  readonly beside: number;
  #padding: number;
  #bounds: Bounds;
  #loaded: Promise<unknown>;

  /** ``onPlace`` is told where the map is clicked, and the device there if there is one. */
  constructor(container: HTMLElement, view: Ring, bounds: Bounds, onPlace: (at: LatLon, device: string | null) => void) {
    const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    this.#padding = MARGIN_PX * scale;
    this.beside = BESIDE_PX * scale;
    this.#bounds = bounds;
    this.map = new MapLibre({
      container,
      style: mapStyle(view, scale),
      bounds,
      fitBoundsOptions: { padding: this.#padding },
      attributionControl: false,
      dragRotate: false,
      touchPitch: false,
      pitchWithRotate: false,
      renderWorldCopies: false,
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    this.overlay = new Overlay(this.map, scale);
    this.map.getCanvasContainer().append(this.overlay.canvas);
    this.#loaded = this.map.once("load");
    this.map.on("click", ({ point, lngLat }) => {
      onPlace([lngLat.lat, lngLat.lng], this.overlay.deviceAt(point.x, point.y));
    });
    this.map.on("mousemove", ({ point }) => {
      this.map.getCanvas().style.cursor = this.overlay.deviceAt(point.x, point.y) === null ? "" : "pointer";
    });
  }

  /** Draw what lies still; it is drawn once and again only when the map is moved. */
  async put(source: Source, shapes: Shapes): Promise<void> {
    await this.#loaded;
    this.map.getSource<GeoJSONSource>(source)?.setData(shapes);
  }

  /** The place in the middle: where a keyboard points to. */
  middle(): LatLon {
    const { lat, lng } = this.map.getCenter();
    return [lat, lng];
  }

  focus(): void {
    this.map.getCanvas().focus();
  }

  home(): void {
    this.map.fitBounds(this.#bounds, { padding: this.#padding, animate: false });
  }

  remove(): void {
    this.map.remove();
  }
}
