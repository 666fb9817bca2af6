// The pages as people use them, in a real Chromium on a loop of their own. `cargo xtask browser` runs it, and says by
// environment where the binaries, the packages and Chromium are.
import { after, before } from "node:test";
import { close, open } from "./stage.mjs";
import "./sight.mjs";
import "./without_script.mjs";
import "./keyboard.mjs";
import "./keys.mjs";
import "./journey.mjs";
import "./quality.mjs";
import "./access.mjs";

before(open, { timeout: 120_000 });
after(close, { timeout: 30_000 });
