// What a reader must see is brought into view; the keyboard goes there too, unless something is being typed.
import { nextTick } from 'vue';

export async function bringIntoView(find: () => HTMLElement | undefined) {
  await nextTick();
  const el = find();
  if (!el) return;
  el.style.scrollMargin = '64px 0 16px'; // the top bar stays where it is
  el.scrollIntoView({ block: 'nearest' });
  if (!document.activeElement?.closest('input, textarea, [contenteditable]')) el.focus({ preventScroll: true });
}
