// The whole journey: find, compare, choose what stays and wins, merge, see it in the clean topic, undo.
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

const idIn = (page) => page.url().match(/\/clusters\/([0-9a-f-]{36})/)[1];

async function newestOn(cluster) {
  const { decisions } = await ask("/v1/decisions?limit=50");
  return decisions.find((decision) => decision.cluster_id === cluster);
}

// Chooses a value that would not have won, where the members tell different ones; gives its field and text.
async function chooseAnother(page) {
  await page.locator("#result").waitFor();
  for (const row of await page.locator("#result tbody tr").all()) {
    const field = (await row.locator("th").innerText()).trim();
    const wins = row.locator("b");
    if ((await wins.count()) === 0) continue;
    for (const label of await row.locator("label").all()) {
      const radio = label.locator("input");
      const text = (await label.innerText()).replace(/^\s*\d*\s*[A-Z]\d*\s+/, "").trim();
      if ((await radio.inputValue()) === "" || text === (await wins.first().innerText()).trim()) continue;
      await radio.check();
      return { field: field.replaceAll(" ", "_"), text };
    }
  }
  return null;
}

describe("the journey", () => {
  test("a duplicate is found, merged, seen by consumers, and taken back", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, "/");
    await page.locator("#at-review a").first().click();
    await page.locator("a.entry").first().click();
    await page.locator("#decision").waitFor();
    const cluster = await ask(`/v1/clusters/${idIn(page)}`);
    const golden = [...new Set(cluster.members.map((member) => member.organization_id))];
    assert.ok(golden.length > 1, "there is something to decide");

    // Compare: every member has its column, and the second is chosen to stay.
    assert.equal(await page.locator("[data-group-of]").count(), golden.length);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("s");
    const survivor = await page.locator("input[name=survivor]:checked").inputValue();
    assert.notEqual(survivor, golden[0]);
    const chosen = await chooseAnother(page);
    await page.getByLabel("Comment").fill("the same telephone");
    await page.getByLabel("Your name").fill("Ana");
    await page.getByRole("button", { name: /^merge all/i }).click();
    const decision = await until("the merge is applied", async () => {
      const newest = await newestOn(cluster.id);
      assert.notEqual(newest?.state, "refused", newest?.refusal);
      return newest?.state === "applied" ? newest : null;
    });
    assert.deepEqual([decision.decided_by, decision.reason], ["Ana", "the same telephone"]);

    // The loop closes: consumers of the clean topic see the survivor, as it was chosen, and where the others went.
    const absorbed = golden.filter((id) => id !== survivor);
    for (const id of absorbed) {
      await until(`the redirect of ${id}`, async () => (await lastTold(id))?.value?.redirect_to === survivor);
    }
    if (chosen) {
      t.diagnostic(`chosen by hand: ${chosen.field}`);
      const told = async () => (await lastTold(survivor))?.value?.organization?.[chosen.field];
      await until(`${chosen.field} as chosen`, async () => String(await told()) === chosen.text);
    } else {
      t.diagnostic("no field was there to choose");
    }
    await until("the cluster has left the queue", async () => !(await clusters()).some((one) => one.id === cluster.id));

    await page.goto(new URL(`/decisions/${decision.id}`, page.url()).href);
    await page.keyboard.press("z");
    await page.getByRole("heading", { name: "Taken back" }).waitFor();
    for (const id of absorbed) {
      await until(`${id} lives again`, async () => (await lastTold(id))?.value?.op === "upsert");
    }
    await until("the cluster is back", async () => (await clusters()).some((one) => one.id === cluster.id));
    assertQuiet(page);
  });
});
