// Numbers as a person reads them; the same forms as the pages are rendered with.

const MINUTE = 60, HOUR = 3600;

export function count(number) {
  return Math.round(number).toLocaleString("en-US").replaceAll(",", "\u202f");
}

export function span(seconds) {
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < 10 * MINUTE) {
    return `${Math.floor(whole / MINUTE)} min ${String(whole % MINUTE).padStart(2, "0")} s`;
  }
  if (whole < HOUR) return `${Math.round(whole / MINUTE)} min`;
  const minutes = String(Math.floor((whole % HOUR) / MINUTE)).padStart(2, "0");
  return `${Math.floor(whole / HOUR)} h ${minutes} min`;
}

export function size(bytes) {
  if (bytes === 1) return "1 byte";
  for (const unit of ["bytes", "kB", "MB", "GB"]) {
    if (bytes < 999.5) return `${bytes >= 10 ? Math.round(bytes) : Number(bytes.toPrecision(3))} ${unit}`;
    bytes /= 1000;
  }
  return `${Number(bytes.toPrecision(3))} TB`;
}
