// Who is signed in.
import { reactive } from 'vue';
import { call, type Person } from './api';
import router from './router';

interface Answer { person: Person; csrf_token: string; permissions: string[]; roles: string[]; must_change_password: boolean; totp_setup_needed: boolean }

const state = reactive({ person: null as Person | null, csrf: '', permissions: [] as string[], roles: [] as string[], mustChange: false, totpNeeded: false, known: false });

function take(a: Answer) {
  Object.assign(state, { person: a.person, csrf: a.csrf_token, permissions: a.permissions, roles: a.roles, mustChange: a.must_change_password, totpNeeded: a.totp_setup_needed, known: true });
}
function clear() {
  Object.assign(state, { person: null, csrf: '', permissions: [], roles: [], mustChange: false, totpNeeded: false, known: true });
}

export const session = {
  state,
  can: (permission: string) => state.permissions.includes(permission),
  async load() {
    try {
      take(await call<Answer>('GET', '/api/v1/session'));
    } catch {
      clear();
    }
  },
  async signIn(login: string, password: string, code: string) {
    take(await call<Answer>('POST', '/api/v1/session', { login, password, ...(code ? { code } : {}) }));
  },
  async signOut() {
    await call('DELETE', '/api/v1/session').catch(() => undefined);
    clear();
    sessionStorage.clear(); // what was typed and not saved is not for who sits down next
    await router.push('/sign-in');
  },
  // The session ended under us: back to where we were after signing in. What was typed stays, as a draft of this person.
  lost() {
    if (!state.known || !state.person) return;
    clear();
    const to = router.currentRoute.value.fullPath;
    void router.push({ path: '/sign-in', query: { to } });
  },
  incomplete() {
    state.mustChange = true;
    void router.push('/sign-in');
  },
};
