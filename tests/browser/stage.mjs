// What all these tests share: a loop with clusters, pages on made-up numbers, and Chromium.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve, setting, until } from "./processes.mjs";

const require = createRequire(join(setting("MODULES"), "node_modules", "of-these-tests"));
const { chromium } = require("playwright-core");

const ORGANIZATIONS = 300;

export const stage = { loop: null, example: null, browser: null, axe: "" };
let profile;

export async function open() {
  [stage.loop, stage.example, stage.browser, stage.axe] = await Promise.all([
    filledLoop(),
    serve(setting("PAGES"), []),
    launch(),
    readFile(require.resolve("axe-core/axe.min.js"), "utf8"),
    mkdir(setting("SHOTS"), { recursive: true }),
  ]);
}

export async function close() {
  await stage.browser?.close();
  await Promise.all([stage.loop?.stop(), stage.example?.stop()]);
  if (profile) await rm(profile, { recursive: true, force: true });
}

async function launch() {
  // A home of its own: Chromium writes beside its profile, too.
  profile = await mkdtemp(join(tmpdir(), "orgloop-chromium-"));
  return chromium.launch({
    executablePath: setting("CHROMIUM"),
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
}

// A loop on generated organizations that has found its clusters: asked for, not waited for by the clock.
async function filledLoop() {
  const loop = await serve(setting("BINARY"), ["demo", "--organizations", ORGANIZATIONS, "--listen", "127.0.0.1:0"]);
  await until("all stages up to date", async () => {
    const page = await (await fetch(`${loop.url}/`)).text();
    const indexed = page.match(/id="at-index".*?<b>([\d,]+)<\/b>/s)?.[1].replaceAll(",", "");
    const movers = [...page.matchAll(/<li class="mover"[^>]*data-state="(\w+)"/g)].map(([, state]) => state);
    return Number(indexed) === ORGANIZATIONS && movers.length === 4 && movers.every((state) => state === "idle");
  });
  assert.ok((await clusters(loop)).length > 20, "the sample has clusters");
  return loop;
}

export async function ask(path, init) {
  const answer = await fetch(`${stage.loop.url}${path}`, init);
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

export async function clusters(loop = stage.loop) {
  const answer = await fetch(`${loop.url}/v1/clusters?limit=200`);
  return (await answer.json()).clusters;
}

// A page whose every complaint fails the test that uses it.
export async function visit(t, path, options = {}) {
  const { base = stage.loop.url, user, ...context } = options;
  // Somebody who has given their name before.
  if (user) context.storageState = { cookies: [], origins: [{ origin: base, localStorage: [{ name: "orgloop.user", value: user }] }] };
  const opened = await stage.browser.newContext({ viewport: { width: 1280, height: 900 }, ...context });
  t.after(() => opened.close());
  const page = await opened.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("response", (answer) => {
    if (answer.status() >= 400 && !page.expectsProblem) complaints.push(`${answer.status()} ${answer.url()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) {
      complaints.push(`asks elsewhere: ${request.url()}`);
    }
  });
  page.complaints = () => complaints.filter((text) => !(page.expectsProblem && text.startsWith("Failed to load")));
  if (path !== null) await page.goto(`${base}${path}`);
  return page;
}

export function assertQuiet(page) {
  assert.deepEqual(page.complaints(), [], "the page complains");
}

// WCAG 2.2 AA, by axe: each violation with the elements it is about.
export async function assertAccessible(page, look = page.url(), within = "html") {
  await page.evaluate(stage.axe);
  const found = await page.evaluate(async (part) => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];
    const { violations, passes } = await window.axe.run(part, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    const told = ({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 4).map((node) => `${node.target} ${node.failureSummary.split("\n")[1] ?? ""}`),
    });
    return { violations: violations.map(told), passed: passes.length };
  }, within);
  assert.ok(found.passed > 5, "axe looked at the page");
  assert.deepEqual(found.violations, [], `${look} is not accessible`);
}

export async function assertNoSidewaysScroll(page) {
  const { wide, view, who } = await page.evaluate(() => {
    const root = document.documentElement;
    const beyond = [...document.querySelectorAll("body *")].filter((element) => {
      if (element.closest(".scroll") && !element.matches(".scroll")) return false;
      return element.getBoundingClientRect().right > root.clientWidth + 1;
    });
    const told = beyond.slice(0, 5).map((element) => `${element.tagName}.${element.className}`);
    return { wide: root.scrollWidth, view: root.clientWidth, who: told };
  });
  assert.ok(wide <= view, `${page.url()} is ${wide} px wide in ${view}: ${who}`);
}

export async function shoot(page, name) {
  // A very long page says no more further down, and takes seconds to draw.
  const fullPage = await page.evaluate(() => document.documentElement.scrollHeight < 12_000);
  await page.screenshot({ path: join(setting("SHOTS"), `${name}.png`), fullPage });
}
