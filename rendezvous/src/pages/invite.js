
"use strict";
(() => {
  const german = (navigator.language || "en").toLowerCase().startsWith("de");
  document.documentElement.lang = german ? "de" : "en";
  document.getElementById("en").hidden = german;
  document.getElementById("de").hidden = !german;
  const show = (selector, visible) =>
    document.querySelectorAll(selector).forEach((element) => { element.hidden = !visible; });
  const read = () => {
    let link = location.hash.slice(1);
    if (link.startsWith("juice%3A")) link = decodeURIComponent(link);
    // juice:1:PLACE:SERVER:NAME:KEY:TOKEN; the place may hold colons.
    const parts = /^juice:1:[\w.:\[\]%~-]+:[\w-]{43}:([\w.~%-]+):[\w-]{43}:[\w-]{22}$/.exec(link);
    let name = null;
    try { name = parts && link.length <= 512 ? decodeURIComponent(parts[1]) : null; } catch { name = null; }
    show(".good", name !== null);
    show(".bad", name === null);
    if (name === null) return;
    document.querySelectorAll(".name").forEach((element) => { element.textContent = name; });
    document.querySelectorAll(".open").forEach((element) => { element.href = link; });
    document.getElementById("link").textContent = link;
  };
  addEventListener("hashchange", read);
  read();
})();
