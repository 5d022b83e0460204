// node gallery/shoot.mjs [folder] [state …]: a contact sheet of the states for each theme, density and for the language
// that is written from right to left, below target/gallery unless told. `POSTER=path` shoots the picture of the README.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "../e2e/support/browser.mjs";
import { serve } from "./serve.mjs";
import { picture, sheet } from "./sheet.mjs";
import { STATES } from "./states.js";

const SHEETS = {
  light: { theme: "light" },
  dark: { theme: "dark" },
  "high-contrast": { theme: "high-contrast" },
  "high-contrast-dark": { theme: "high-contrast-dark" },
  compact: { density: "compact" },
  wide: { width: 480 },
  german: { lang: "de" },
  arabic: { lang: "ar" },
  "arabic-dark": { lang: "ar", theme: "dark" },
};

const POSTER = [
  { state: "feed", theme: "light" },
  { state: "feed", theme: "dark" },
  { state: "arabic", theme: "light", lang: "ar" },
  { state: "tasks-view", theme: "high-contrast", density: "compact" },
];

const gallery = await serve();
const browser = await launch();
if (process.env.POSTER) {
  const pictures = [];
  for (const about of POSTER) pictures.push(await picture(browser, gallery.url, { ...about, width: 340, height: 640, scale: 1.5 }));
  await sheet(browser, process.env.POSTER, pictures, { captions: false, scale: 1.5, radius: 14, wall: "#dfe2e8" });
} else {
  const [folder = fileURLToPath(new URL("../target/gallery", import.meta.url)), ...wanted] = process.argv.slice(2);
  await mkdir(folder, { recursive: true });
  for (const [name, about] of Object.entries(SHEETS)) {
    const pictures = [];
    for (const state of wanted.length ? wanted : Object.keys(STATES)) pictures.push(await picture(browser, gallery.url, { ...about, state }));
    await sheet(browser, join(folder, `${name}.png`), pictures);
  }
}
await browser.close();
gallery.close();
