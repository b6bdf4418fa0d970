// Draws the list anew when the server says that it changed.
"use strict";
const draw = async () => {
  const answer = await fetch(location.href, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main"));
  document.title = page.title;
};
const events = new EventSource("/events");
events.addEventListener("change", draw);
events.addEventListener("open", draw);
