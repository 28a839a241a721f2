// Days as people type them, read strictly: the 30th of February is no day, and is never taken for another one.

const two = (n: number) => String(n).padStart(2, '0');
export const day = (d: Date) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
export const minute = (d: Date) => `${day(d)}T${two(d.getHours())}:${two(d.getMinutes())}`;
export const today = () => day(new Date());

// "2026-11-23", "2026/11/3", "2026年11月3日", "20261123"; with `time` also "2026-11-23 14:05". Answers 2026-11-23 or
// 2026-11-23T14:05, or nothing where there is no such day or minute.
export function readDay(text: string, time = false): string | undefined {
  const m = /^(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]+(\d{1,2})[:：](\d{2})(?::00)?)?$/.exec(text.trim());
  if (!m || (time ? m[6] === undefined : m[6] !== undefined)) return undefined;
  const [y, month, d] = [Number(m[1]), Number(m[2] ?? m[4]), Number(m[3] ?? m[5])];
  const [h, min] = [Number(m[6] ?? 0), Number(m[7] ?? 0)];
  const at = new Date(y, month - 1, d, h, min);
  if (y < 1000 || at.getFullYear() !== y || at.getMonth() !== month - 1 || at.getDate() !== d || at.getHours() !== h || at.getMinutes() !== min) return undefined;
  return time ? minute(at) : day(at);
}
// Whether a form may be sent: every date in it is empty or is one.
export const readable = (text: string | null | undefined, time = false) => !text || readDay(text, time) !== undefined;
const instant = /^\d{4}-\d{2}-\d{2}T.*Z$/;
// What the server says of an instant, as a person here types it; what is typed stays as it is.
export const localMinute = (text: string | null) => (text && instant.test(text) ? minute(new Date(text)) : text);
export const localDay = (text: string | null) => (text && instant.test(text) ? day(new Date(text)) : text);
