// The pages, light, dark and on a phone: no complaint in the console, no violation of WCAG 2.2 AA, nothing sideways.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, assertAccessible, assertNoSidewaysScroll, assertQuiet, clusters, shoot, stage, visit } from "./stage.mjs";

const LOOKS = {
  light: { colorScheme: "light", width: 1280, height: 900 },
  dark: { colorScheme: "dark", width: 1280, height: 900 },
  phone: { colorScheme: "light", width: 360, height: 740 },
};

// Name, path (or what gives it), and the heading by which a person knows the page.
const PAGES = [
  ["loop", "/", /the loop/i],
  ["clusters", "/clusters", /clusters/i],
  ["clusters-all", "/clusters?status=all", /clusters/i],
  ["cluster", async () => `/clusters/${(await clusters())[0].id}`, /one organization/i],
  ["cluster-large", async () => `/clusters/${await largest()}`, /one organization/i],
  ["decisions", "/decisions", /decisions|history/i],
  ["decision", async () => `/decisions/${await decided()}`, /.+/],
  ["api", "/docs", /api/i],
  ["problems", "/problems", /problems/i],
  ["problem", "/problems/stale", /changed/i],
  ["keys", "/review/keys", /keys/i],
  ["quality", "/quality", /.+/],
  ["preview", async () => `/reconcile/preview?id=${(await clusters())[0].members[0].organization_id}`, /.+/],
];

async function largest() {
  const all = await clusters();
  return all.reduce((one, other) => (other.members.length > one.members.length ? other : one)).id;
}

// A decision to look at; made once, on the last cluster of the queue.
let decision;
async function decided() {
  if (!decision) {
    const [last] = (await clusters()).slice(-1);
    const body = JSON.stringify({ verdict: "unsure", reason: "to look at" });
    const headers = { "content-type": "application/json", "x-orgloop-user": "Ana" };
    decision = (await ask(`/v1/clusters/${last.id}/decisions`, { method: "POST", body, headers })).id;
  }
  return decision;
}

async function assertWell(page, heading, name) {
  const shown = await page.locator("h1").first().innerText();
  assert.match(shown, heading);
  assert.equal(await page.locator("h1").count(), 1, "one heading of the first rank");
  assert.match(await page.title(), /orgloop/);
  for (const [look, { colorScheme, ...size }] of Object.entries(LOOKS)) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    await shoot(page, `${name}-${look}`);
    // The document of the API is the same hundred times over: once wholly, then only how it begins.
    const within = name === "api" && look !== "light" ? "header, h1, .lead, .operation:first-of-type" : "html";
    await assertAccessible(page, `${name}, ${look}`, within);
    await assertNoSidewaysScroll(page);
  }
  assertQuiet(page);
}

describe("every page looks right: light, dark, on a phone", () => {
  for (const [name, at, heading] of PAGES) {
    test(name, { timeout: 60_000 }, async (t) => {
      const page = await visit(t, typeof at === "string" ? at : await at());
      await assertWell(page, heading, name);
    });
  }

  test("a loop in trouble, with parked events", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, "/", { base: stage.example.url });
    await page.getByText("could not be applied").waitFor();
    await assertWell(page, /the loop/i, "trouble");
  });

  test("a path that is not there is told on a page", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, null);
    page.expectsProblem = true;
    await page.goto(`${stage.loop.url}/nowhere`);
    await assertWell(page, /not there/i, "nowhere");
  });

  test("a parked event is sent once more by its button", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, "/", { base: stage.example.url });
    const rows = page.locator("section[aria-labelledby=parked] tbody tr");
    const before = await rows.count();
    assert.ok(before > 0);
    await rows.first().getByRole("button", { name: /retry/i }).click();
    await page.waitForFunction(
      (count) => document.querySelectorAll("section[aria-labelledby=parked] tbody tr").length < count,
      before,
    );
    assertQuiet(page);
  });
});
