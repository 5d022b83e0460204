// A page's way to a state of the gallery.

/**
 * Opens an address of the gallery and waits until its state is there, or has failed. A panel whose language has not come within 5 s speaks
 * English; on a machine that stands still that is no fault, so it is asked once more.
 */
export async function visit(page, address) {
  let isEnglish = false;
  const listen = (message) => { isEnglish ||= message.text().includes("no texts in"); };
  page.on("console", listen);
  const isThere = () => page.locator("html[data-ready]").waitFor({ state: "attached" });
  await page.goto(address);
  await isThere();
  page.off("console", listen);
  if (!isEnglish) return;
  await page.reload();
  await isThere();
}
