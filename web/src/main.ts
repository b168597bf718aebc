import "./wall.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { language } from "./language.svelte.ts";
import { pursuit } from "./race.svelte.ts";
import { wall } from "./wall.svelte.ts";

/** Take the one-time token out of the address, so that it stays in no history and on no photograph of the screen. */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  return token;
}

language.apply();
const target = document.getElementById("wall");
if (target === null) throw new Error("index.html has no #wall");
mount(App, { target });
pursuit.start();
void wall.start(takeToken());
