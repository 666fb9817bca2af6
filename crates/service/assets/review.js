// The page of a cluster: groups by keys, decisions sent in the background, the next cluster at hand, claims.
// Without it, forms and links do the same, a page at a time.
"use strict";

const LEASE_S = 120;
const RENEW_MS = 40_000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** The member in hand, by its place among those that can be put into groups. */
let hand = 0;
/** The next cluster as it was fetched: its address and its document. */
let ahead = null;
/** Decisions that are not answered yet. */
const sending = new Set();
let claim = null;
let opened = performance.now();

const main = () => document.querySelector("main");
const decision = () => document.getElementById("decision");
const heads = () => [...document.querySelectorAll("[data-group-of]")];

// Messages, newest last; those that say no stay until they are closed.
function say(text, { alert = false, link = null } = {}) {
  let box = document.getElementById("messages");
  if (!box) {
    box = Object.assign(document.createElement("div"), { id: "messages" });
    document.body.append(box);
  }
  const message = document.createElement("p");
  message.setAttribute("role", alert ? "alert" : "status");
  message.className = alert ? "message no" : "message";
  message.append(text);
  if (link) message.append(" ", Object.assign(document.createElement("a"), { href: link.href, textContent: link.text }));
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  close.addEventListener("click", () => message.remove());
  message.append(" ", close);
  box.append(message);
  if (!alert) setTimeout(() => message.remove(), 6000);
}

// Groups.
function take(at) {
  const all = heads();
  if (!all.length) return;
  hand = (at + all.length) % all.length;
  const letter = all[hand].dataset.groupOf;
  for (const cell of document.querySelectorAll("[data-hand]")) delete cell.dataset.hand;
  for (const cell of document.querySelectorAll(`[data-member="${letter}"]`)) cell.dataset.hand = "";
  const shown = document.getElementById("in-hand");
  if (shown) shown.textContent = letter;
}

function put(group) {
  const select = heads()[hand];
  if (!select) return;
  select.value = select.value === group && group === "out" ? "1" : group;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  paint();
  take(hand + 1);
}

/** Shows groups and who is out on the whole column or row of each member. */
function paint() {
  for (const select of heads()) {
    for (const cell of document.querySelectorAll(`[data-member="${select.dataset.groupOf}"]`)) cell.dataset.group = select.value;
  }
}

function survives() {
  const letter = heads()[hand]?.dataset.groupOf;
  const radio = document.querySelector(`[data-survivor-of="${letter}"]`);
  if (!radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

// In the result, a digit takes the value of that place for the field in hand; 0 leaves it to the policy.
function choose(row, digit) {
  const radio = row.querySelectorAll("input[type=radio]")[digit];
  if (!radio) return;
  radio.checked = true;
  radio.focus();
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const { target, key } = event;
  if (target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
  const row = target.closest("#result tr");
  if (row && /^[0-9]$/.test(key)) {
    choose(row, Number(key));
  } else if (/^[1-6]$/.test(key) && decision()) {
    put(key);
  } else if (key === " " && decision() && !target.closest("a, button, input, summary")) {
    put("out");
  } else if (key.startsWith("Arrow") && target.closest("input[type=radio], .scroll")) {
    // The browser's own: the next radio, or the rest of a wide table.
    event.stopImmediatePropagation();
    return;
  } else {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) {
    const member = event.target.closest("th[data-member], tr[data-member] th")?.closest("[data-member]");
    if (member) take(heads().findIndex((select) => select.dataset.groupOf === member.dataset.member));
    return;
  }
  if (button.dataset.put) put(button.dataset.put);
  if (button.dataset.step) take(hand + Number(button.dataset.step));
  if (button.dataset.act === "survivor") survives();
});

document.addEventListener("focusin", (event) => {
  const letter = event.target.dataset?.groupOf ?? event.target.dataset?.survivorOf;
  if (letter) take(heads().findIndex((select) => select.dataset.groupOf === letter));
});

// The result, as what is chosen changes.
let pending = 0;
document.addEventListener("change", (event) => {
  if (!event.target.closest("#decision")) return;
  paint();
  const at = ++pending;
  setTimeout(() => at === pending && preview(), 150);
});

async function preview() {
  const form = decision();
  const shown = document.getElementById("result");
  if (!form || !shown) return;
  try {
    const answer = await fetch(`${form.action.replace(/\/decide$/, "")}/preview`, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
    });
    if (!answer.ok || form !== decision()) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("result");
    if (next) morph(shown, document.adoptNode(next));
  } catch {
    // The decision does not depend on it: the organizations are asked again when they merge.
  }
}

// Decisions go out in the background, once each: the key makes a repeated one the same.
async function send(action, body, title) {
  const headers = { "idempotency-key": body.get("key") };
  for (const pause of [...RETRY_MS, null]) {
    try {
      const answer = await fetch(action, { method: "POST", body, headers, redirect: "manual", keepalive: true });
      if (answer.type === "opaqueredirect" || answer.ok) return;
      if (answer.status < 500 || pause === null) return refused(action, answer, title);
    } catch {
      if (pause === null) break;
    }
    await new Promise((done) => setTimeout(done, pause));
  }
  say(`The decision on “${title}” could not be sent: the service does not answer.`, { alert: true, link: back(action) });
}

const back = (action) => ({ href: action.replace(/\/decide$/, ""), text: "Look again" });

async function refused(action, answer, title) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const texts = [...page.querySelectorAll("main h1, main .lead, main .changes li")].map((one) => one.textContent.trim());
  say(`“${title}”: ${texts.join(" ")}`, { alert: true, link: back(action) });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (handing) {
    event.preventDefault();
    event.stopImmediatePropagation();
    handing.then(() => form.requestSubmit(event.submitter));
    return;
  }
  if (form.id === "decision" && ahead) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    body.set("ms", String(Math.round(performance.now() - opened)));
    const title = document.title.split(" · ")[0];
    const sent = send(form.action, body, title).finally(() => sending.delete(sent));
    sending.add(sent);
    // The decision itself gives the claim back.
    letGo(null);
    say(`${event.submitter.firstChild.textContent.trim()}: ${title}.`);
    show(ahead.page, ahead.href);
  } else if (form.action.endsWith("/review/undo") && sending.size) {
    event.preventDefault();
    event.stopImmediatePropagation();
    Promise.allSettled([...sending]).then(() => form.submit());
  }
}, true);

addEventListener("beforeunload", (event) => {
  if (sending.size) event.preventDefault();
});

/** Puts a fetched page in the place of this one. */
function show(page, href) {
  ahead = null;
  main().replaceWith(document.adoptNode(page.querySelector("main")));
  document.title = page.title;
  history.pushState(null, "", href);
  scrollTo(0, 0);
  const heading = main().querySelector("h1");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  begin();
}

// Going back is a look of its own: the cluster may have changed since.
addEventListener("popstate", () => location.reload());

async function fetchAhead() {
  const link = document.querySelector("a[rel=next]");
  const here = main();
  if (!link) return;
  try {
    const answer = await fetch(link.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (here === main()) ahead = { href: link.href, page };
  } catch {
    // Then the form is sent as it is.
  }
}

// Claims.
function signed(headers = {}) {
  const name = localStorage.getItem("orgloop.user");
  // Header values are bytes: the name as UTF-8.
  if (name) headers["x-orgloop-user"] = String.fromCharCode(...new TextEncoder().encode(name));
  return headers;
}

const json = (value) => ({ body: JSON.stringify(value), headers: signed({ "content-type": "application/json" }) });

async function hold() {
  const place = document.getElementById("claim");
  if (!place || "held" in place.dataset) return;
  const mine = { timer: 0, id: null, over: false, by: signed() };
  claim = mine;
  const wanted = { clusters: [place.dataset.cluster], lease_s: LEASE_S };
  mine.asked = fetch("/v1/review/claims", { method: "POST", ...json(wanted) }).then((answer) => tell(place, answer, mine));
  try {
    await mine.asked;
  } catch {
    return;
  }
  if (!mine.id || mine.over) return;
  mine.timer = setInterval(async () => {
    try {
      const renewed = { method: "PATCH", ...json({ lease_s: LEASE_S }) };
      tell(place, await fetch(`/v1/review/claims/${mine.id}`, renewed), mine);
    } catch {
      place.textContent = "The claim could not be renewed: the service does not answer.";
    }
  }, RENEW_MS);
}

async function tell(place, answer, mine) {
  const said = await answer.json();
  if (answer.ok) {
    mine.id = said.id;
    if (mine.over) return giveBack(mine);
    place.textContent = `You hold this cluster until ${new Date(said.until).toLocaleTimeString()}; it is renewed while this page is open.`;
  } else if (answer.status === 409) {
    clearInterval(mine.timer);
    place.textContent = said.holder ? `${said.detail}. Your decision would not be taken.` : said.detail;
    place.classList.add("lost");
  }
}

/** Ends the claim on what is shown; with `release` it is given back at once. */
function letGo(release) {
  if (!claim) return;
  clearInterval(claim.timer);
  if (release) {
    claim.over = true;
    if (claim.id) giveBack(claim);
  }
  claim = null;
}

/** In the name in which it was taken. */
const giveBack = (taken) => fetch(`/v1/review/claims/${taken.id}`, { method: "DELETE", headers: taken.by, keepalive: true });

/** While a claim goes over to a name that is given after it was taken; decisions wait for it. */
let handing = null;
document.addEventListener("change", (event) => {
  if (event.target.dataset?.remember !== "user" || !claim) return;
  const before = claim;
  letGo(null);
  before.over = true;
  const given = before.id ? giveBack(before) : before.asked;
  const done = given.catch(() => {}).then(hold).catch(() => {});
  handing = done;
  done.then(() => (handing = null));
});
addEventListener("pagehide", () => letGo("release"));

function begin() {
  opened = performance.now();
  remember();
  paint();
  take(0);
  hold();
  fetchAhead();
}
begin();
