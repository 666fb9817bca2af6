// A sample answered blindly, the certificate it proves, and a batch that one person starts and another approves.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "./processes.mjs";
import { ask, assertAccessible, assertNoSidewaysScroll, assertQuiet, clusters, shoot, stage, visit } from "./stage.mjs";

const SAMPLE = 6;
// What six right answers of six prove at 95 % confidence is 0.607.
const PRECISION = 0.6;
// Clusters in one claim.
const CLAIMED_MAX = 50;

const post = (path, body, user) =>
  ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-orgloop-user": user, "idempotency-key": crypto.randomUUID() },
    body: JSON.stringify(body),
  });

// What was on somebody's screen is theirs until their claim runs out, and any cluster may be drawn: they claim what they
// hold once more, and give it back.
async function giveBack(user) {
  const ids = (await clusters()).map((cluster) => cluster.id);
  for (let at = 0; at < ids.length; at += CLAIMED_MAX) {
    const { id } = await post("/v1/review/claims", { clusters: ids.slice(at, at + CLAIMED_MAX) }, user);
    const given = await fetch(`${stage.loop.url}/v1/review/claims/${id}`, { method: "DELETE", headers: { "x-orgloop-user": user } });
    assert.ok(given.ok, `giving back: ${given.status}`);
  }
}

async function looked(page, name) {
  await shoot(page, `${name}-light`);
  await assertAccessible(page, name);
  await assertNoSidewaysScroll(page);
  assertQuiet(page);
}

describe("how well the model does", () => {
  test("a blind sample, a certificate, and a batch of two people", { timeout: 120_000 }, async (t) => {
    for (const user of ["Bo", "Cleo"]) await giveBack(user);
    const page = await visit(t, "/quality", { user: "Ana" });
    await page.getByLabel("Band").selectOption("p99");
    await page.getByLabel("How many").fill(String(SAMPLE));
    await page.getByRole("button", { name: "Draw a sample" }).click();
    await page.waitForURL(/\/blind\//);
    const sample = page.url().split("/").at(-1);
    const hidden = await page.locator("main").innerText();
    assert.doesNotMatch(hidden, /Belongs|The evidence|Score/, "what the model says is hidden");
    await looked(page, "blind");

    // The first by its key; then the next of the sample comes. The others as a program would.
    await page.keyboard.press("y");
    const answered = async (count) => (await ask(`/v1/review/blind-samples/${sample}`)).answered === count;
    await until("the first is answered", () => answered(1));
    await page.getByText(`1 of ${SAMPLE} are answered`).waitFor();
    const { items } = await ask(`/v1/review/blind-samples/${sample}`);
    for (const item of items.filter((one) => !one.outcome)) {
      await post(`/v1/clusters/${item.cluster_id}/decisions`, { verdict: "match", blind_sample: sample }, "Ana");
    }
    await page.goto(page.url());
    await page.getByRole("heading", { name: "The sample is answered" }).waitFor();
    await looked(page, "blind-answered");

    await post("/v1/certificates", { sample_id: sample, precision: PRECISION }, "Ana");
    await page.goto(new URL("/quality", page.url()).href);
    await page.getByRole("button", { name: "Start a batch" }).click();
    await page.waitForURL(/\/batches\//);
    assert.match(await page.getByRole("listitem").filter({ hasText: /, \d+ records$/ }).first().innerText(), /[A-Z]/, "named");
    await looked(page, "batch");

    // Who started it cannot approve it.
    page.expectsProblem = true;
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.getByText("Ana started this batch").waitFor();
    const batch = (await ask("/v1/review/batches")).batches[0];
    const second = await visit(t, `/batches/${batch.id}`, { user: "Bo" });
    await second.getByRole("button", { name: /^Approve/ }).click();
    await second.getByText("It is approved").waitFor();
    const states = async () => (await ask(`/v1/review/batches/${batch.id}`)).items.map((item) => item.state);
    await until("all of it is merged", async () => (await states()).every((state) => ["applied", "skipped"].includes(state)));
    assert.ok((await states()).includes("applied"));
    await second.getByRole("button", { name: "Undo the whole batch" }).click();
    await second.getByText("It is undone").waitFor();
    assert.ok(!(await states()).includes("applied"), await states());
    await looked(second, "batch-undone");
  });
});
