// Quicker with the keyboard, and fresh while a demonstration's time is hurried. Everything works without.
"use strict";

(() => {
  const LINES = "main table.lines tbody tr, main table.board tbody tr, main .tasks > li, main ul.rows > li";
  const REFRESH = 2500; // ms
  let chosen = -1;
  let going = false; // g was typed, a number follows

  const typing = (target) => target.closest("input, select, textarea, [contenteditable], dialog") !== null;
  const lines = () => [...document.querySelectorAll(LINES)].filter((one) => one.querySelector("a[href]"));

  function choose(step) {
    const all = lines();
    if (all.length === 0) return;
    chosen = Math.min(Math.max(chosen + step, 0), all.length - 1);
    all.forEach((one, at) => one.classList.toggle("chosen", at === chosen));
    all[chosen].querySelector("a[href]").focus({ preventScroll: true });
    all[chosen].scrollIntoView({ block: "nearest" });
  }

  function tick() {
    const box = lines()[chosen]?.querySelector("input[type=checkbox]");
    if (box) box.click();
  }

  function help() {
    let dialog = document.querySelector("body > dialog");
    if (!dialog) {
      document.body.append(document.querySelector("#keys").content.cloneNode(true));
      dialog = document.querySelector("body > dialog");
    }
    if (!dialog.open) dialog.showModal();
  }

  function search() {
    const field = document.querySelector("main input[type=search], main input[name=q]");
    if (field) field.focus();
    else if (document.querySelector('nav.across a[href="/search"]')) location.assign("/search");
  }

  function go(number) {
    const link = document.querySelectorAll("nav.across a")[Number(number) - 1];
    if (link) link.click();
  }

  const KEYS = { j: () => choose(1), k: () => choose(-1), x: tick, "?": help, "/": search };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (going && /^[1-9]$/.test(event.key)) {
      going = false;
      go(event.key);
      return;
    }
    going = event.key === "g";
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // A form goes off once, however often its button is pressed; files make that take a while.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method === "dialog") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((one) => delete one.dataset.sent);
  });

  // --- a demonstration whose time is hurried ---------------------------------------------------------

  const LISTS = ["", "board", "ledger", "campaigns", "dual-list", "tasks", "deliveries"];
  const changed = (one) => one.value !== one.defaultValue || one.checked !== one.defaultChecked;
  const touched = () =>
    !LISTS.includes(location.pathname.split("/")[1]) ||
    /\/(do|enter)\//.test(location.pathname) ||
    [...document.querySelectorAll("main input")].some(changed) ||
    document.querySelector(
      "main :focus, main details[open]:not([data-as-served]), details.menu[open], dialog[open]",
    ) !== null;

  async function refresh() {
    if (document.hidden || touched()) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (touched()) return;
    for (const part of ["main", ".stage time"]) {
      const [here, there] = [document.querySelector(part), fresh.querySelector(part)];
      if (here && there) here.replaceChildren(...there.childNodes);
    }
    document.querySelectorAll("main details[open]").forEach((one) => (one.dataset.asServed = ""));
    chosen = -1;
  }

  if (document.body.hasAttribute("data-hurried")) {
    document.querySelectorAll("main details[open]").forEach((one) => (one.dataset.asServed = ""));
    setInterval(() => refresh().catch(() => {}), REFRESH);
  }
})();
