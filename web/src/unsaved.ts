// A page whose changes are not saved asks before they are thrown away, or the browser is closed.
import { onMounted, onUnmounted, type Ref } from 'vue';
import { t } from './i18n';

export const question = () => window.confirm(t('有未保存的修改，确定离开吗？', 'There are changes that are not saved. Leave?'));
// The browser itself asks before the page is closed.
export function closing(dirty: Ref<boolean>) {
  const ask = (e: BeforeUnloadEvent) => dirty.value && e.preventDefault();
  onMounted(() => window.addEventListener('beforeunload', ask));
  onUnmounted(() => window.removeEventListener('beforeunload', ask));
}
