// Writing settings as TOML: as much of it as a server's configuration needs.

/**
 * @param {Record<string, Record<string, unknown>>} sections tables of texts, numbers, truths, lists and lists of tables
 */
export function toToml(sections) {
  return Object.entries(sections).map(([name, keys]) => `[${name}]\n${lines(keys)}`).join('\n');
}

function lines(keys) {
  return Object.entries(keys).filter(([, value]) => value !== undefined).map(([key, value]) => `${key} = ${literal(value)}\n`).join('');
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    return `{ ${Object.entries(value).map(([key, inner]) => `${key} = ${literal(inner)}`).join(', ')} }`;
  }
  // JSON's texts, numbers and truths are TOML's, too.
  return JSON.stringify(value);
}
