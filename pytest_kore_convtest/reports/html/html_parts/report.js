"use strict";
(() => {
  const root = document.documentElement;
  const memory = {
    get(name) { try { return localStorage.getItem("kore-report-" + name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem("kore-report-" + name, value); } catch { /* a page from disk may have no memory */ } },
  };
  root.classList.add("js");
  const chosen = memory.get("theme");
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  addEventListener("DOMContentLoaded", () => {
    const at = (id) => document.getElementById(id);
    const all = (query, inside = document) => [...inside.querySelectorAll(query)];
    const suites = all(".suite").map((box) => ({
      box, fold: box.querySelector(".fold"), steps: all(".steps > li", box), packs: all(".steps", box),
    }));
    const total = suites.reduce((sum, suite) => sum + suite.steps.length, 0);
    const texts = new Map();
    const find = at("find");
    const keys = at("keys");

    const textOf = (node) => {
      if (!texts.has(node)) texts.set(node, node.textContent.toLowerCase());
      return texts.get(node);
    };
    const say = (words) => { at("said").textContent = words; };
    const mode = () => document.querySelector("input[name=show]:checked").value;

    const apply = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const show = mode();
      const has = (node) => words.every((word) => textOf(node).includes(word));
      let shown = 0;
      for (const { box, fold, steps, packs } of suites) {
        const head = fold.querySelector("summary");
        const named = words.length > 0 && has(head);
        let here = 0;
        for (const step of steps) {
          const fits = (!show || step.classList.contains(show)) && (!words.length || named || has(step));
          step.hidden = !fits;
          here += fits;
        }
        shown += here;
        for (const pack of packs) {
          const left = [...pack.children].filter((step) => !step.hidden).length;
          pack.hidden = !left;
          pack.style.containIntrinsicHeight = left === pack.children.length ? "" : `auto ${left * 11}rem`;
        }
        const itself = !steps.length || "stop" in box.dataset;
        const kind = !show || (show === "f" ? box.classList.contains("f") : !box.classList.contains("p"));
        box.hidden = !here && !(itself && kind && (!words.length || has(box)));
        if ((show || words.length) && here && !fold.open) fold.open = true;
      }
      at("nothing").hidden = !suites.length || suites.some(({ box }) => !box.hidden);
      at("found").textContent = show || words.length
        ? `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} ${total === 1 ? "step" : "steps"}` : "";
    };
    const showAll = () => {
      find.value = "";
      document.querySelector("input[name=show][value='']").checked = true;
      apply();
    };

    let waiting = 0;
    find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
    at("show").addEventListener("change", apply);

    const goTo = (node) => {
      for (let up = node.parentElement; up; up = up.parentElement) if (up.localName === "details") up.open = true;
      if (node.localName === "details") node.open = true;
      if (!node.hasAttribute("tabindex")) node.tabIndex = -1;
      node.focus({ preventScroll: true });
      node.scrollIntoView({ block: "start" });
    };
    const follow = () => {
      let id = location.hash.slice(1);
      try { id = decodeURIComponent(id); } catch { /* not one of ours */ }
      const node = id && at(id);
      if (!node) return;
      if (node.closest("[hidden]")) showAll();
      if (node.matches(".suite")) node.querySelector(".fold").open = true;
      goTo(node);
    };
    addEventListener("hashchange", follow);
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (link && link.hash === location.hash) follow();
    });

    const walk = (by) => {
      const stops = all(".steps > li.f, [data-stop]").filter((node) => !node.closest("[hidden]"));
      if (!stops.length) { say("No failure is shown"); return; }
      const here = document.activeElement.closest?.(".steps > li, .suite");
      let next = stops.indexOf(here);
      if (next >= 0) next += by;
      else if (here) {
        const after = stops.findIndex((node) => here.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING);
        next = by > 0 ? after : (after < 0 ? stops.length : after) - 1;
        if (next < 0) next = by > 0 ? 0 : stops.length - 1;
      } else next = by > 0 ? 0 : stops.length - 1;
      const node = stops[(next + stops.length) % stops.length];
      goTo(node);
      history.replaceState(null, "", "#" + node.id);
    };

    keys.checked = memory.get("keys") !== "off";
    keys.addEventListener("change", () => memory.set("keys", keys.checked ? "on" : "off"));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && (find.value || mode())) { showAll(); return; }
      const typing = event.target.closest?.("input:not([type=radio], [type=checkbox])");
      if (!keys.checked || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "j") walk(1);
      else if (event.key === "k") walk(-1);
      else if (event.key === "/") { event.preventDefault(); find.focus(); find.select(); }
    });

    const theme = at("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
    const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
    theme.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      memory.set("theme", root.dataset.theme);
      label();
    });
    dark.addEventListener("change", label);
    label();

    const copyOld = (code) => {
      const range = document.createRange();
      range.selectNodeContents(code);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand("copy");
    };
    for (const code of all("code.id")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy " + code.textContent);
      code.after(button);
    }
    document.addEventListener("click", async (event) => {
      const button = event.target.closest("button.copy");
      if (!button) return;
      const code = button.previousElementSibling;
      let done = true;
      try { await navigator.clipboard.writeText(code.textContent); } catch { done = copyOld(code); }
      button.textContent = done ? "Copied" : "Selected";
      say(done ? "Copied" : "Selected: press Ctrl and C");
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });

    let opened = [];
    addEventListener("beforeprint", () => {
      opened = all("details.fold:not([open]), details.paper:not([open])");
      for (const one of opened) one.open = true;
    });
    addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

    follow();
  });
})();
