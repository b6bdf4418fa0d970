// Follows the incidents: when something changed, the page is fetched again and
// its main part replaced. Without this script the page is the same, and still.
"use strict";
(() => {
  const state = document.getElementById("link");
  const say = (text) => { state.textContent = text; state.hidden = !text; };
  let loading = false, again = false;

  // busy: somebody is choosing from a list; it must not close under their hand.
  const busy = () => document.activeElement && document.activeElement.tagName === "SELECT";

  async function refresh() {
    if (loading || busy()) { again = true; return; }
    loading = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) { location.reload(); return; } // the login is over
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      swap(page);
      say("");
    } catch {
      say("Cannot reach Tocsin: what you see may be old");
    } finally {
      loading = false;
      if (again && !busy()) { again = false; refresh(); }
    }
  }

  const focusable = "a[href], button, input, select, textarea, summary, [tabindex]";

  // place tells an element again in the next version of the page: by its id, or
  // else by where it stands in the nearest element that has one.
  function place(element) {
    const near = element.closest("[id]");
    return { id: near.id, n: element === near ? -1 : [...near.querySelectorAll(focusable)].indexOf(element) };
  }
  function find({ id, n }) {
    const near = document.getElementById(id);
    return near && n >= 0 ? near.querySelectorAll(focusable)[n] : near;
  }

  // name tells a part that opens again: an alert by what its line says.
  const name = (details) => details.id || details.querySelector("summary").textContent;

  function swap(page) {
    const old = document.querySelector("[data-live]"), fresh = page.querySelector("[data-live]");
    if (!old || !fresh) return;
    const active = document.activeElement, focused = active && old.contains(active) && active !== old ? place(active) : null;
    const marked = focused && active.tagName === "TEXTAREA" ? [active.selectionStart, active.selectionEnd] : null;
    const opened = new Map([...old.querySelectorAll("details")].map((d) => [name(d), d.open]));
    fresh.querySelectorAll("details").forEach((d) => { if (opened.has(name(d))) d.open = opened.get(name(d)); });
    fresh.querySelectorAll("select[id], textarea[id], input[id]").forEach((field) => {
      const before = document.getElementById(field.id);
      if (before && before.value) field.value = before.value;
      if (before && field.type === "checkbox") field.checked = before.checked;
    });
    old.replaceChildren(...fresh.childNodes);
    if (focused) (find(focused) || old.closest("main")).focus({ preventScroll: true });
    if (marked && document.activeElement.tagName === "TEXTAREA") document.activeElement.setSelectionRange(...marked);
    if (document.title !== page.title) document.getElementById("news").textContent = page.title;
    document.title = page.title;
    document.querySelector("link[rel=icon]").href = page.querySelector("link[rel=icon]").href;
    tick();
  }

  function words(seconds) {
    const h = Math.floor(seconds / 3600), m = Math.floor(seconds / 60) % 60, s = seconds % 60;
    if (h >= 48) return `${Math.floor(h / 24)} days ${h % 24} h`;
    if (h > 0) return `${h} h ${m} min`;
    if (m > 0) return s > 0 ? `${m} min ${s} s` : `${m} min`;
    return `${s} s`;
  }

  function tick() {
    document.querySelectorAll("[data-since]").forEach((e) => {
      e.textContent = words(Math.max(0, Math.round((Date.now() - Date.parse(e.dataset.since)) / 1000)));
    });
  }

  document.addEventListener("focusout", () => { if (again) setTimeout(() => { if (!busy()) { again = false; refresh(); } }, 0); });
  setInterval(tick, 1000);
  const events = new EventSource("/api/v1/events");
  let greeted = false;
  events.addEventListener("hello", () => { if (greeted) refresh(); greeted = true; say(""); });
  events.addEventListener("changed", refresh);
  events.addEventListener("error", () => say("Connecting again: what you see may be old"));
})();
