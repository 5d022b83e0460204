// A program of ours under test: started, watched, killed, and never left behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Starts a program and waits for the line of JSON that it prints when it is ready.
 * @param {string} binary path of the program
 * @param {string[]} args its arguments
 * @param {string} log file that its standard error is appended to
 */
export async function start(binary, args, log) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, RUST_LOG: process.env.RUST_LOG ?? 'info' } });
  running.add(child);
  const file = createWriteStream(log, { flags: 'a' });
  let tail = '';
  child.stderr.on('data', (bytes) => {
    file.write(bytes);
    tail = (tail + bytes).slice(-4000);
  });
  const exited = once(child, 'exit').finally(() => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => line),
    exited.then(([code, signal]) => { throw new Error(`${binary} ended with ${signal ?? code} before it was ready:\n${tail}`); }),
  ]);
  lines.on('line', (line) => file.write(`stdout: ${line}\n`));
  return {
    ready: JSON.parse(first),
    pid: child.pid,
    /** Sends a signal and waits for the end; returns the exit code, or the signal that ended it. */
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code, by] = await exited;
      return by ?? code;
    },
  };
}
