// Where people must say who they are: the way in, and the way out.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serve, setting } from "./processes.mjs";
import { assertAccessible, assertNoSidewaysScroll, assertQuiet, shoot, visit } from "./stage.mjs";

describe("a service that is closed", () => {
  test("asks for a token, says what is wrong with one, lets in with another, and out again", { timeout: 60_000 }, async (t) => {
    let token;
    const loop = await serve(setting("BINARY"), ["run", "--listen", "127.0.0.1:0"], async (run) => {
      token = JSON.parse(await run("token", "create", "--name", "Ana", "--role", "reviewer", "--json")).secret;
    });
    t.after(() => loop.stop());
    const page = await visit(t, "/clusters", { base: loop.url });
    assert.match(page.url(), /\/login\?next=/);
    await shoot(page, "login-light");
    await assertAccessible(page);
    await assertNoSidewaysScroll(page);
    assertQuiet(page);
    page.expectsProblem = true;
    await page.getByLabel("Token").fill("orgloop_wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await assertAccessible(page);
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${loop.url}/clusters`);
    assert.match(await page.locator("header").innerText(), /Ana/);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(`${loop.url}/clusters`);
    assert.match(page.url(), /\/login/);
    assertQuiet(page);
  });
});
