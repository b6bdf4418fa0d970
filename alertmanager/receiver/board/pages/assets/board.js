// Follows the incidents: when something changed, the page is fetched again and
// its main part replaced. Without this script the page is the same, and still.
"use strict";
(() => {
  const state = document.getElementById("link");
  const say = (text) => { state.textContent = text; state.hidden = !text; };
  let loading = false, again = false;

  // busy: somebody is choosing; the page must not change under their hand.
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

  function swap(page) {
    const old = document.querySelector("[data-live]"), fresh = page.querySelector("[data-live]");
    if (!old || !fresh) return;
    const focused = document.activeElement && document.activeElement.id;
    const opened = [...old.querySelectorAll("details")].map((d) => d.open);
    fresh.querySelectorAll("select").forEach((s) => {
      const before = document.getElementById(s.id);
      if (before && before.value) s.value = before.value;
    });
    const details = fresh.querySelectorAll("details");
    if (details.length === opened.length) details.forEach((d, n) => { d.open = opened[n]; });
    old.replaceChildren(...fresh.childNodes);
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus({ preventScroll: true });
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
