// Pictures of panels, and many of them on one sheet.

import { visit } from "./visit.mjs";

/** A picture of one panel alone: `about` is the gallery's query, with the size of the panel and the pixels of a point. */
export async function picture(browser, url, { width = 320, height = 620, scale = 1, ...about }) {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, timezoneId: "UTC", locale: "en-GB" });
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(`${about.state}: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && console.error(`${about.state}: ${message.text()}`));
    await visit(page, `${url}?${new URLSearchParams({ theme: "light", ...about, width: "full" })}`);
    const bytes = await page.screenshot();
    return { caption: about.state, width, height, source: `data:image/png;base64,${bytes.toString("base64")}` };
  } finally {
    await context.close();
  }
}

/** Hangs the pictures on one wall; the path is that of a new PNG. */
export async function sheet(browser, path, pictures, { columns = 8, captions = true, scale = 1, radius = 0, wall = "#c9ccd4" } = {}) {
  const inline = Math.min(columns, pictures.length);
  const width = pictures.slice(0, inline).reduce((sum, picture) => sum + picture.width + 24, 24);
  const context = await browser.newContext({ viewport: { width, height: 100 }, deviceScaleFactor: scale });
  const page = await context.newPage();
  await page.setContent("<main></main>");
  await page.addStyleTag({ content: `
    body { margin: 0; background: ${wall}; font: 13px/24px sans-serif; }
    main { display: flex; flex-wrap: wrap; gap: 24px; padding: 24px; }
    figure { margin: 0; }
    img { display: block; border-radius: ${radius}px; }` });
  await page.evaluate(async ([all, hasCaptions]) => {
    for (const { caption, width, height, source } of all) {
      const image = Object.assign(new Image(width, height), { src: source });
      const figure = document.createElement("figure");
      if (hasCaptions) figure.append(caption);
      figure.append(image);
      document.querySelector("main").append(figure);
      await image.decode();
    }
  }, [pictures, captions]);
  await page.screenshot({ path, fullPage: true });
  await context.close();
}
