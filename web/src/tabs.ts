// The tab of a page stands in its address, so that links, a reload and the way back lead to it.
import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';

// `first` is shown where the address names none, or none that `may` be shown.
export function useTab(first: string, may: (tab: string) => boolean = () => true) {
  const route = useRoute();
  const router = useRouter();
  const path = route.path;
  let shown = first;
  return computed({
    get: () => {
      const named = String(route.query.tab ?? '');
      // While the page is being left the address is another's already.
      if (route.path === path) shown = named && may(named) ? named : first;
      return shown;
    },
    set: (tab: string) => void router.replace({ query: { ...route.query, tab: tab === first ? undefined : tab } }),
  });
}
