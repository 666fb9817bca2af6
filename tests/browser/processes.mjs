// Processes under test: started, recognised by what they say, and ended whatever happens.
import { execFile as execute, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execFile = promisify(execute);

const running = new Set();

// Also when the run itself is ended from outside.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => { process.stderr.write(`ended by ${signal}\n`); process.exit(1); });
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export function setting(name) {
  const value = process.env[`ORGLOOP_TEST_${name}`];
  if (!value) throw new Error(`ORGLOOP_TEST_${name} is not set: run these tests by cargo xtask browser`);
  return value;
}

// Starts a program and waits for the address of its page among what it prints. What `prepare` is given runs the program
// once to its end in the same folder, and gives what it prints.
export async function serve(program, args, prepare = async () => {}) {
  const folder = await mkdtemp(join(tmpdir(), "orgloop-browser-"));
  const ours = ([name]) => !name.startsWith("ORGLOOP_");
  const env = { ...Object.fromEntries(Object.entries(process.env).filter(ours)), ORGLOOP_DATA_DIR: folder };
  await prepare(async (...first) => (await execFile(program, first, { env, cwd: folder })).stdout);
  const child = spawn(program, args, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let said = "";
  const url = await new Promise((found, failed) => {
    const listen = (bytes) => {
      said += bytes;
      const page = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (page) found(page[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`${program} ended with ${code}:\n${said}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGINT")) await ended;
    running.delete(child);
    await rm(folder, { recursive: true, force: true });
  };
  return { url, stop, said: () => said };
}

// Looks until there is something to see; what is waited for is named when it does not come.
export async function until(what, look, patience = 50_000) {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
