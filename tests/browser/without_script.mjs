// Without JavaScript everything can be read and decided.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, clusters, visit } from "./stage.mjs";

describe("without JavaScript", () => {
  test("the loop, the queue and a cluster can be read", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, "/", { javaScriptEnabled: false });
    assert.match(await page.locator("#at-organizations").innerText(), /300\s+records/i);
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Clusters" }).click();
    const first = page.locator("a.entry").first();
    await first.click();
    assert.match(await page.locator("h1").innerText(), /one organization/i);
    assert.ok((await page.locator("main").innerText()).includes("Phone"));
  });

  test("a cluster is merged and the merge is taken back", { timeout: 60_000 }, async (t) => {
    const [cluster] = (await clusters()).slice(2);
    const page = await visit(t, `/clusters/${cluster.id}`, { javaScriptEnabled: false });
    await page.getByRole("button", { name: /^merge/i }).click();
    await page.waitForURL(/\/decisions\//);
    const id = page.url().match(/decisions\/([0-9a-f-]+)/)[1];
    const decision = await ask(`/v1/decisions/${id}`);
    assert.equal(decision.verdict, "match");
    await page.goto(page.url());
    await page.getByRole("button", { name: /undo/i }).click();
    await page.waitForURL(/\/decisions\//);
    assert.equal((await ask(`/v1/decisions/${id}`)).state, "undone");
  });
});
