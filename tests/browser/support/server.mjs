// Starts the program as a newcomer does (`entremise demo`), on either engine, in a folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const program = process.env.TESTED_PROGRAM ?? path.join(root, 'target/debug/entremise');

/** The product and what surrounds it, running. `stop()` ends it and removes its data. */
export async function startDemo({ engine }) {
  const data = await mkdtemp(path.join(os.tmpdir(), 'entremise-demo-'));
  const port = await freePorts(5);
  const cluster = engine === 'postgres' ? await startPostgres() : undefined;
  const args = ['demo', '--data', data, '--listen', `127.0.0.1:${port}`];
  // A database given by its address is never emptied by the demonstration; this one is new.
  args.push(...(cluster ? ['--database-url', `${cluster.url}postgres`] : ['--fresh']));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const journal = [];
  for (const stream of [child.stdout, child.stderr]) {
    readline.createInterface({ input: stream }).on('line', (line) => journal.push(line));
  }
  const demo = {
    engine,
    data,
    port,
    origin: `http://localhost:${port}`,
    journal,
    databaseUrl: cluster ? `${cluster.url}postgres` : undefined,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await Promise.race([once(child, 'exit'), delay(5000, undefined, { ref: false })]);
        child.kill('SIGKILL');
      }
      cluster?.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
  try {
    await answers(`${demo.origin}/sign-in`, child, journal);
  } catch (error) {
    await demo.stop();
    throw error;
  }
  return demo;
}

/** Runs a verb of the command line on the data of a running demonstration; gives what it printed. */
export async function verb(demo, ...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: demo.data });
  let output = '';
  let errors = '';
  child.stdout.on('data', (bytes) => (output += bytes));
  child.stderr.on('data', (bytes) => (errors += bytes));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`entremise ${args.join(' ')}: exit ${code}\n${errors}`);
  return output;
}

async function answers(url, child, journal) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (child.exitCode !== null) throw new Error(`the demonstration ended at once:\n${journal.join('\n')}`);
    try {
      const response = await fetch(url, { redirect: 'manual' });
      if (response.status < 500) return;
    } catch {
      // not listening yet
    }
    await delay(50);
  }
  throw new Error(`no answer from ${url} within a minute:\n${journal.join('\n')}`);
}

async function startPostgres() {
  const child = spawn(path.join(root, 'tests/postgres'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  const url = String(first[0]);
  if (!url.startsWith('postgres://')) throw new Error('PostgreSQL did not start (see above)');
  return { url, stop: () => child.stdin.end() };
}

/** The first of `count` free ports in a row: the demonstration's parties listen side by side. */
export async function freePorts(count) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const first = 20_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all(Array.from({ length: count }, (_, at) => isFree(first + at)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no free ports');
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
