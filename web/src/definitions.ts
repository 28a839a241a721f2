// What the pages of definitions have in common: a register, a survey and an indicator are each one YAML file with versions.
// `kind` is what their address is called: 'registers'.
import { ref, type Ref } from 'vue';
import { get, post } from './api';

export interface Mistake { line: number; column: number; key: string; text: string }
export interface DefinitionVersion { version: number; at: string; person_name: string; note: string }

const base = (kind: string, code: string) => `/api/v1/${kind}/${code}`;
// The file in force; nothing where it cannot be read.
export async function fileOf(kind: string, code: string) {
  const answer = await fetch(`${base(kind, code)}/definition`, { headers: { Accept: 'application/yaml' } });
  return answer.ok ? answer.text() : undefined;
}
export const fileAddress = (kind: string, code: string, version: number) => `${base(kind, code)}/definition?version=${version}`;
export const versionsOf = async (kind: string, code: string) => (await get<{ versions: DefinitionVersion[] }>(`${base(kind, code)}/versions`)).versions;

// The file checked while it is typed. `trial` is about the text `checked`: an answer to what was typed before is of no use any
// more.
export function useCheck<T>(kind: string, yaml: Ref<string>, error: Ref<unknown>) {
  const trial = ref<T>();
  const checked = ref('');
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function look() {
    const mine = ++asked;
    const text = yaml.value;
    try {
      const a = await post<T>(`/api/v1/${kind}/check`, { yaml: text });
      if (mine !== asked) return;
      trial.value = a;
      checked.value = text;
      error.value = null;
    } catch (e) {
      if (mine === asked) error.value = e;
    }
  }
  function lookSoon() {
    clearTimeout(timer);
    timer = setTimeout(look, 500);
  }
  return { trial: trial as Ref<T | undefined>, checked, look, lookSoon };
}
