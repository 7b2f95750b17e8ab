// Language and theme: two buttons, whose choice the browser keeps. Scripts that draw listen to the event siyu-look.
"use strict";
{
  const root = document.documentElement;
  const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a browser may forbid it */ } };
  const tell = () => document.dispatchEvent(new Event("siyu-look"));

  document.getElementById("lang").addEventListener("click", () => {
    root.dataset.lang = root.dataset.lang === "zh" ? "en" : "zh";
    root.lang = root.dataset.lang === "zh" ? "zh-CN" : "en";
    keep("siyu-lang", root.dataset.lang);
    tell();
  });

  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    keep("siyu-theme", root.dataset.theme);
    tell();
  });
}
