// The two dots come together as the work nears its end, on the page and in the tab.

const RED = "#ff4655", CYAN = "#25cfe0";

export function moveDots(inside, percent) {
  const apart = (6.5 * (100 - percent)) / 100 + 1;
  for (const dot of inside.querySelectorAll("[data-dots] [data-eye]")) {
    dot.setAttribute("cx", dot.dataset.eye === "left" ? 16 - apart : 16 + apart);
  }
}

export function tellTab(percent, title) {
  document.title = `${percent} % · ${title}`;
  const apart = (5 * (100 - percent)) / 100 + 1;
  const [left, right] = [16 - apart, 16 + apart];
  const icon =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">` +
    `<clipPath id="l"><circle cx="${left}" cy="16" r="10"/></clipPath>` +
    `<circle cx="${left}" cy="16" r="10" fill="${RED}"/>` +
    `<circle cx="${right}" cy="16" r="10" fill="${CYAN}"/>` +
    `<circle cx="${right}" cy="16" r="10" fill="#fff" clip-path="url(#l)"/></svg>`;
  document.querySelector("link[rel=icon]").href = `data:image/svg+xml,${encodeURIComponent(icon)}`;
}
