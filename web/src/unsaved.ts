// A page whose changes are not saved asks before it is left, by a link or by closing it.
import { onMounted, onUnmounted, type Ref } from 'vue';
import { onBeforeRouteLeave } from 'vue-router';
import { t } from './i18n';

export const question = () => window.confirm(t('有未保存的修改，确定离开吗？', 'There are changes that are not saved. Leave?'));
// The browser itself asks before the page is closed.
export function closing(dirty: Ref<boolean>) {
  const ask = (e: BeforeUnloadEvent) => dirty.value && e.preventDefault();
  onMounted(() => window.addEventListener('beforeunload', ask));
  onUnmounted(() => window.removeEventListener('beforeunload', ask));
}
// Returns the question, for what a page does itself: another version, say.
export function unsaved(dirty: Ref<boolean>) {
  const sure = () => !dirty.value || question();
  onBeforeRouteLeave((to) => to.path === '/sign-in' || sure());
  closing(dirty);
  return sure;
}
