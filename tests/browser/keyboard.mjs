// By keyboard alone: everything is reached by Tab, what has the focus is seen, and single keys do what they say.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertQuiet, clusters, visit } from "./stage.mjs";

// Walks by Tab from the top and tells each thing that had the focus.
async function walk(page, most = 80) {
  const reached = [];
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press("Tab");
    // The browser scrolls to what has the focus a moment later.
    await page
      .waitForFunction(() => {
        const box = document.activeElement.getBoundingClientRect();
        return document.activeElement === document.body || (box.bottom > 0 && box.top < innerHeight);
      }, null, { timeout: 5_000 })
      .catch(() => {});
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        name: `${element.tagName} ${(element.innerText || element.name || "").slice(0, 40)}`,
        seen: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
        inView: box.bottom > 0 && box.top < innerHeight && box.width > 0,
        first: element === [...document.querySelectorAll("a, button, input, select, textarea, summary")][0],
      };
    });
    if (!at || (at.first && step > 0)) break;
    reached.push(at);
  }
  return reached;
}

describe("by keyboard", () => {
  test("Tab reaches everything, and the focus is always seen", { timeout: 60_000 }, async (t) => {
    const [cluster] = await clusters();
    for (const path of ["/clusters", `/clusters/${cluster.id}`, "/decisions"]) {
      const page = await visit(t, path);
      const reached = await walk(page);
      assert.match(reached[0].name, /skip/i, "the first stop leads past the navigation");
      assert.ok(reached.length > 5, path);
      for (const at of reached) assert.ok(at.seen && at.inView, `${path}: the focus on ${at.name} is not seen`);
      await page.close();
    }
  });

  test("the way past the navigation leads to the content", { timeout: 60_000 }, async (t) => {
    const page = await visit(t, "/clusters");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.match(page.url(), /#content$/);
    await page.keyboard.press("Tab");
    const within = await page.evaluate(() => document.activeElement.closest("main") !== null);
    assert.ok(within, "the next stop is within the content");
    assertQuiet(page);
  });
});
