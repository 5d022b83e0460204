// Files for the agent. No request is made, so the page's policy has nothing to allow.

/** By then the browser has taken the file. */
const TAKEN_AFTER = 10_000;

/** Offers a text as a file with this name. */
export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), TAKEN_AFTER);
}
