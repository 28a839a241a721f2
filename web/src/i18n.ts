// Two languages, side by side where they are used: a text cannot be written in one and forgotten in the other.
import { ref } from 'vue';

export type Lang = 'zh' | 'en';
const cookie = document.cookie.match(/(?:^|; )qs_lang=(zh|en)/)?.[1] as Lang | undefined;
export const lang = ref<Lang>(cookie ?? 'zh');
document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';

export function t(zh: string, en: string): string {
  return lang.value === 'zh' ? zh : en;
}

export function setLang(next: Lang) {
  document.cookie = `qs_lang=${next}; path=/; max-age=31536000; samesite=lax`;
  lang.value = next;
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
}
