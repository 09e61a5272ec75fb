"use strict";
// What the pages gain from scripts; without them everything works by links and forms.

(() => {
  const menu = document.querySelector("button.menu");
  const pages = document.getElementById("pages");
  if (menu && pages) {
    document.documentElement.classList.add("scripted");
    menu.hidden = false;
    menu.addEventListener("click", () => {
      const open = menu.getAttribute("aria-expanded") !== "true";
      menu.setAttribute("aria-expanded", String(open));
      pages.classList.toggle("open", open);
    });
  }

  // a filter left empty has no place in the address
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, parameters } = event.detail;
    if (verb === "get") {
      for (const [name, value] of Object.entries(parameters)) {
        if (value === "") delete parameters[name];
      }
    }
  });

  // what is ticked beside the map is marked in it
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.name !== "topic") return;
    for (const mark of document.querySelectorAll(`.map a[data-topic="${box.value}"]`)) {
      mark.classList.toggle("chosen", box.checked);
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) event.preventDefault();
  });
})();
