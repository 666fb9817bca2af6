// Keys, live numbers and a remembered name. Everything works without it, only less comfortably.
"use strict";

// What works by keys alone is shown only where there are keys.
document.documentElement.classList.add("js");

// Brings to the front what a key stands for: a field, a dialog, something folded, or a button.
function press(target) {
  const { focusOn, dialog } = target.dataset;
  if ("focus" in target.dataset) return target.focus();
  if (focusOn && document.querySelector(focusOn)) return document.querySelector(focusOn).focus();
  if (dialog && document.getElementById(dialog)) return document.getElementById(dialog).showModal();
  const folded = target.tagName === "A" && target.hash && document.querySelector("details" + target.hash);
  if (folded) {
    folded.open = !folded.open;
    return folded.scrollIntoView({ block: "nearest" });
  }
  target.click();
}

// Every element with data-key is pressed by that key.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  // Enter on a link or button is the browser's own.
  if (event.key === "Enter" && event.target.closest("a, button, input, summary")) return;
  const target = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
  if (!target) return;
  event.preventDefault();
  press(target);
});

// A click on what stands for a dialog or a field opens it here, instead of leading to a page of its own.
document.addEventListener("click", (event) => {
  const target = event.target.closest("a[data-dialog], a[data-focus-on]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const there = target.dataset.dialog ? document.getElementById(target.dataset.dialog) : document.querySelector(target.dataset.focusOn);
  if (!there) return;
  event.preventDefault();
  press(target);
});

// A name given once is filled in everywhere.
function remember() {
  for (const field of document.querySelectorAll("[data-remember]")) {
    const key = "orgloop." + field.dataset.remember;
    if (!field.value) field.value = localStorage.getItem(key) || "";
    field.addEventListener("change", () => localStorage.setItem(key, field.value));
  }
}
remember();

// A form is sent once, however often a key is hit.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// Makes `now` what `next` is, touching only what differs: no flicker, and focus and selection stay.
function morph(now, next) {
  if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) {
    now.replaceWith(next.cloneNode(true));
    return;
  }
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.data !== next.data) now.data = next.data;
    return;
  }
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  while (now.childNodes.length > next.childNodes.length) now.lastChild.remove();
  [...next.childNodes].forEach((child, at) => {
    if (at < now.childNodes.length) morph(now.childNodes[at], child);
    else now.append(child.cloneNode(true));
  });
}

// A page with data-refresh looks again after so many milliseconds, until an answer says that it is final.
async function refresh() {
  const main = document.querySelector("main");
  const pause = Number(main.dataset.refresh);
  if (!pause) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok) {
        morph(main, page.querySelector("main"));
        document.title = page.title;
        remember();
      }
      document.body.classList.toggle("away", !answer.ok);
    } catch {
      document.body.classList.add("away");
    }
  }
  setTimeout(refresh, pause);
}
setTimeout(refresh, Number(document.querySelector("main").dataset.refresh) || 0);
