/* Names and focus for what the theme leaves without: the search dialog, the code buttons, the sections
 * of the navigation, and every box that scrolls sideways, so that a keyboard reaches it. */
(function () {
  "use strict";

  function nameWhatHasNoName() {
    const search = document.querySelector(".md-search[role=dialog]");
    if (search) search.setAttribute("aria-label", "Search");
    document.querySelectorAll("nav.md-code__nav").forEach((nav) => nav.setAttribute("role", "presentation"));
  }

  function nameSections() {
    document.querySelectorAll("nav.md-nav[aria-labelledby]").forEach((nav) => {
      const label = document.getElementById(nav.getAttribute("aria-labelledby"));
      const words = label && !label.textContent.trim() && label.parentElement.textContent.trim();
      if (!words) return;
      nav.removeAttribute("aria-labelledby");
      nav.setAttribute("aria-label", words);
    });
    document.querySelectorAll(".md-nav--secondary nav.md-nav[aria-label]").forEach((nav) => {
      const words = nav.getAttribute("aria-label");
      if (!words.startsWith("On this page")) nav.setAttribute("aria-label", `On this page: ${words}`);
    });
  }

  function focusWhatScrolls() {
    document.querySelectorAll("pre > code, .md-typeset__scrollwrap").forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else if (box.getAttribute("tabindex") === "0") box.removeAttribute("tabindex");
    });
  }

  function polish() {
    nameWhatHasNoName();
    nameSections();
    focusWhatScrolls();
  }

  polish();
  setTimeout(polish, 300);
  window.addEventListener("resize", focusWhatScrolls);
})();
