// A desktop whose page holds the panel's frame, on an origin of its own, and a backend that signs for its agents.

import http from 'node:http';

import { sign as signed } from './guide.mjs';

/** What the desktop's backend shares with the server. */
export const SECRET = 'shared by the desktop and the server, for tests';

/** A JWT as the desktop's backend signs it. */
export const sign = (claims, secret = SECRET) => signed(claims, secret);

/**
 * Starts a desktop. Its page knows `connection`, what `connectCuecard` gave, and `heard`: the events that came, as name and detail.
 * @param {object} options
 * @param {string} options.agent who is signed in
 * @param {string} [options.name] the host's name: `localhost` is another site than 127.0.0.1
 */
export async function startFrameHost({ agent, name = 'localhost' }) {
  let broker;
  const answers = {
    '/': () => ['text/html', `<!doctype html><html lang="en"><title>Desktop</title>
      <iframe id="cards" src="${broker}/frame.html" title="Cards" width="440" height="700" referrerpolicy="origin"></iframe>
      <script type="module" src="/desk.js"></script></html>`],
    '/desk.js': () => ['text/javascript', `import { connectCuecard } from "${broker}/bridge.js";
      const iframe = document.querySelector("#cards");
      window.heard = [];
      for (const name of ["ready", "card", "accept", "dismiss", "snooze", "insert", "task", "send", "status", "error"]) {
        document.addEventListener("cuecard:" + name, ({ detail }) => window.heard.push([name, detail]));
      }
      window.connection = connectCuecard(iframe, {
        assertionProvider: async () => (await fetch("/assertion")).text(),
        takes: ["insert"],
      });`],
    '/assertion': () => ['text/plain', sign({ sub: agent })],
    '/empty.html': () => ['text/html', '<!doctype html><html lang="en"><title>Empty</title></html>'],
  };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://desk');
    const answer = answers[pathname]?.();
    // Browsers ask for an icon by themselves.
    if (answer === undefined) return response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    // Strict, but for frames, so that tests can put a forger beside the panel.
    const policy = `default-src 'none'; script-src 'self' ${broker}; frame-src http:; connect-src 'self'; `
      + "require-trusted-types-for 'script'; trusted-types 'none'";
    const [type, body] = answer;
    return response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://${name}:${server.address().port}`,
    /** Says where the frame comes from. */
    of: (address) => { broker = address; },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
