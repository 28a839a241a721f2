// What is typed into a form and not saved yet. It outlives a reload, a session that ends and a page that is left, and is put back
// when the form is opened again, over what the server says by then: each member that only one side changed is that side's; where
// both did, both are shown and the writer chooses. It is kept in this tab and for this person alone, until saved or thrown away.
import { computed, ref, watch, type Ref } from 'vue';
import { t } from './i18n';
import { session } from './session';
import { closing, question } from './unsaved';

type Form = Record<string, unknown>;
export interface Clash { member: string; mine: unknown; theirs: unknown }
interface Kept { base: Form; form: Form }

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const copy = <T>(v: T): T => (v === undefined ? v : (JSON.parse(JSON.stringify(v)) as T));
const members = (a: Form, b: Form) => [...new Set([...Object.keys(a), ...Object.keys(b)])];

// `name` tells this form from every other. `open` is called with what the server says (or an empty form begins with), once that is
// known, and again when it has changed meanwhile.
const keyOf = (name: string) => `qs-draft-${session.state.person?.id ?? ''}-${name}`;
export const draftWaits = (name: string) => !!sessionStorage.getItem(keyOf(name));
export function useDraft<T extends object>(name: string, form: Ref<T>) {
  const key = keyOf(name);
  const base = ref<Form>();
  const clashes = ref<Clash[]>([]);
  const restored = ref(false);
  const merged = ref(false); // what somebody else wrote meanwhile is in the form
  const now = () => form.value as unknown as Form;
  const dirty = computed(() => !!base.value && members(base.value, now()).some((m) => !same(base.value![m], now()[m])));

  function open(said: T) {
    const stored = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null;
    // Where nothing was typed, what the server says is all there is.
    const kept: Kept | null = !base.value ? stored : dirty.value ? { base: base.value, form: copy(now()) } : null;
    restored.value ||= !base.value && !!kept;
    const theirs = copy(said) as unknown as Form;
    const next = copy(theirs);
    const found: Clash[] = [];
    for (const m of kept ? members(kept.base, kept.form) : []) {
      if (same(kept!.form[m], kept!.base[m])) continue;
      next[m] = kept!.form[m];
      if (!same(theirs[m], kept!.base[m]) && !same(theirs[m], kept!.form[m])) found.push({ member: m, mine: kept!.form[m], theirs: theirs[m] });
    }
    merged.value = !!kept && members(kept.base, theirs).some((m) => !same(kept.base[m], theirs[m]));
    clashes.value = found;
    base.value = theirs;
    form.value = next as unknown as T;
  }
  function choose(clash: Clash, theirs: boolean) {
    if (theirs) form.value = { ...form.value, [clash.member]: copy(clash.theirs) };
    clashes.value = clashes.value.filter((c) => c.member !== clash.member);
  }
  // Saved, or not wanted: nothing is kept, and the page may be left.
  function done() {
    base.value = undefined;
    clashes.value = [];
    restored.value = merged.value = false;
    sessionStorage.removeItem(key);
  }
  // As the server has it, without what was typed.
  function revert() {
    if (base.value) form.value = copy(base.value) as unknown as T;
    clashes.value = [];
    restored.value = merged.value = false;
  }
  const sure = () => !dirty.value || question();
  watch([form, base], () => {
    if (!base.value) return;
    if (!dirty.value) sessionStorage.removeItem(key);
    else
      try {
        sessionStorage.setItem(key, JSON.stringify({ base: base.value, form: now() }));
      } catch {
        // The browser has no more room: what is typed is in the page alone.
      }
  }, { deep: true });
  closing(dirty);
  // Until then nothing can be typed that would be read over.
  const opened = computed(() => !!base.value);
  return { open, done, revert, choose, sure, dirty, opened, clashes, restored, merged };
}

// A box of text that is sent by itself, an answer or an opinion: what was typed is there again until it is sent and emptied. Where
// one box serves several things, `which` tells for what it is open.
export function useText(name: string, which: () => string = () => 'text') {
  const form = ref<Record<string, string>>({});
  useDraft(name, form).open({});
  return computed({
    get: () => form.value[which()] ?? '',
    set: (text: string) => {
      const { [which()]: _, ...others } = form.value;
      form.value = text ? { ...others, [which()]: text } : others;
    },
  });
}
// How the note of a draft says a member of several lines: those alone that the other side has not.
export const linesNote = (clashes: Ref<Clash[]>, lines: (member: string, value: unknown) => string) => (member: string, value: unknown) => {
  const clash = clashes.value.find((c) => c.member === member);
  const other = new Set(clash ? lines(member, value === clash.mine ? clash.theirs : clash.mine).split('\n') : []);
  return lines(member, value).split('\n').filter((line) => line.trim() && !other.has(line)).join('\n');
};
// How the note of a draft says a definition: its file, of which the lines alone that the other one has not, and why it changes.
export function definitionNote(clashes: Ref<Clash[]>, file: (value: unknown) => string = String) {
  const label = (member: string) => (member === 'note' ? t('变更说明', 'Why it changes') : t('定义中不同的行', 'Lines of the definition that differ'));
  return { label, text: linesNote(clashes, (member, value) => (member === 'note' ? String(value) : file(value))) };
}
