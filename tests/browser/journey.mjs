// The whole journey: find, compare, choose what stays, merge, see it in the clean topic, undo.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "./processes.mjs";
import { ask, assertQuiet, clusters, visit } from "./stage.mjs";

// What the clean topic says last of an organization.
async function lastTold(id) {
  let told = null;
  let from = "earliest";
  for (;;) {
    const path = `/v1/topics/organizations.organization.v1/records?key=${id}&limit=1000&from=${encodeURIComponent(from)}`;
    const page = await ask(path);
    told = page.records.at(-1) ?? told;
    if (page.next === from) return told;
    from = page.next;
  }
}

const idIn = (page, of) => page.url().match(new RegExp(`/${of}/([0-9a-f-]{36})`))[1];

describe("the journey", () => {
  test("a duplicate is found, merged, seen by consumers, and taken back", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, "/");
    await page.locator("#at-review a").click();
    await page.locator("a[href^='/clusters/']").first().click();
    const cluster = await ask(`/v1/clusters/${idIn(page, "clusters")}`);
    const golden = [...new Set(cluster.members.map((member) => member.organization_id))];
    assert.ok(golden.length > 1, "there is something to decide");

    // Compare: every member has its column, and the second is chosen to stay.
    assert.equal(await page.locator("thead th .letter").count(), cluster.members.length);
    await page.keyboard.press("2");
    const survivor = await page.locator("input[name=survivor]:checked").inputValue();
    assert.equal(survivor, golden[1]);
    await page.getByLabel("Why").fill("the same telephone");
    await page.getByLabel("Your name").fill("Ana");
    await page.getByRole("button", { name: /^merge/i }).click();
    await page.waitForURL(/\/decisions\//);
    await page.getByRole("heading", { name: "Merged" }).waitFor();
    const decision = await ask(`/v1/decisions/${idIn(page, "decisions")}`);
    assert.deepEqual([decision.decided_by, decision.survivor, decision.reason], ["Ana", survivor, "the same telephone"]);

    // The loop closes: consumers of the clean topic see the survivor and where the others went.
    const absorbed = golden.filter((id) => id !== survivor);
    for (const id of absorbed) {
      await until(`the redirect of ${id}`, async () => (await lastTold(id))?.value?.redirect_to === survivor);
    }
    await until("the cluster has left the queue", async () => !(await clusters()).some((one) => one.id === cluster.id));

    await page.keyboard.press("z");
    await page.getByRole("heading", { name: "Taken back" }).waitFor();
    for (const id of absorbed) {
      await until(`${id} lives again`, async () => (await lastTold(id))?.value?.op === "upsert");
    }
    await until("the cluster is back", async () => (await clusters()).some((one) => one.id === cluster.id));
    assertQuiet(page);
  });
});
