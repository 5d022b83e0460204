// Starts the standalone page: says whose panel it is, then loads the module whose hashed names the build has put into the head.
const agent = new URLSearchParams(location.search).get("agent");
if (agent) document.querySelector("cuecard-panel").setAttribute("agent", agent);

const { content: script, dataset: { wasm } } = document.querySelector('meta[name="cuecard-module"]');
const { default: init } = await import(script);
await init({ module_or_path: wasm });
