import { get } from './api';
import type { Mistake } from './definitions';
import { t } from './i18n';

export interface Survey {
  code: string; name: string; description: string; audience: string; mode: string; phase: string; phase_name: string; version: number; origin: string; opens: string | null; closes: string | null; opened: string | null; closed: string | null; department_name: string; person_name: string; changed: string; changed_by: string; questions: number; invitations: number; used: number; answers: number; response_rate: number | null; path: string; may_manage: boolean; builtin: boolean; archived: string | null;
}
export interface QuestionResult { code: string; title: string; type: string; subject: string; answers: number; shown: boolean; counts: { code: string; label: string; satisfied: boolean; answers: number; share: number | null }[]; mean: number | null; satisfied: number | null; satisfied_share: number | null; texts: string[] }
export interface Results { survey: Survey; counted: number; waiting: number; minimum: number; questions: QuestionResult[]; months: { month: string; answers: number; judged: { question: string; satisfied: number; answers: number; share: number | null }[] }[] }
export interface Words { zh: string; en: string }
export interface Option { code: string; label: Words; satisfied: boolean }
export interface Question { code: string; title: Words; note: Words; type: string; required: boolean; subject: string; options: Option[]; least: number; most: number; max_length: number }
export interface Section { title: Words; note: Words; questions: Question[] }
export interface Definition { code: string; name: Words; description: Words; audience: Words; thanks: Words; mode: string; opens: string | null; closes: string | null; question: boolean; results: string[]; sections: Section[] }
export interface SurveyTrial { code: string; name: string; version: number; unchanged: boolean; mistakes: Mistake[]; definition: Definition }

export const results = (code: string) => get<Results>(`/api/v1/surveys/${code}/results`);
export const phaseTag = (phase: string): 'success' | 'warning' | 'info' => (phase === 'open' ? 'success' : phase === 'waiting' ? 'warning' : 'info');
export const modeName = (mode: string) => (mode === 'links' ? t('一次性链接', 'One-time links') : t('公开', 'Public'));
export const kinds = (): [string, string][] => [['scale', t('量表', 'Scale')], ['choice', t('单选', 'Single choice')], ['choices', t('多选', 'Multiple choice')], ['text', t('文字', 'Text')]];
export const percent = (n: number | null) => (n === null ? '' : `${n}%`);

// --- the definition as people write YAML -------------------------------------------------------------------------------------------
const plain = /^[\u4e00-\u9fffA-Za-z][\u4e00-\u9fff\w ()（），。、？！·；％.-]*$/;
const words = ['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n'];
const scalar = (text: string) => (plain.test(text) && !text.endsWith(' ') && !words.includes(text.toLowerCase()) ? text : JSON.stringify(text));
const both = (w: Words) => (w.zh === w.en || !w.en ? scalar(w.zh) : `{zh: ${scalar(w.zh)}, en: ${scalar(w.en)}}`);
const given = (w: Words) => !!(w.zh || w.en);

function question(q: Question): string[] {
  const out = [`      - code: ${q.code}`, `        title: ${both(q.title)}`];
  if (given(q.note)) out.push(`        note: ${both(q.note)}`);
  out.push(`        type: ${q.type}`);
  if (q.required) out.push('        required: true');
  const satisfied = q.options.filter((o) => o.satisfied).map((o) => o.code);
  if (q.type === 'scale') {
    out.push(`        points: ${q.options.length}`);
    const named = q.options.filter((o) => given(o.label));
    if (named.length === q.options.length) out.push(`        labels: [${q.options.map((o) => both(o.label)).join(', ')}]`);
    else if (given(q.options[0].label) && given(q.options.at(-1)!.label)) out.push(`        labels: [${both(q.options[0].label)}, ${both(q.options.at(-1)!.label)}]`);
  }
  if (q.type === 'choice' || q.type === 'choices') {
    if (q.type === 'choices' && q.least) out.push(`        least: ${q.least}`);
    if (q.type === 'choices' && q.most && q.most < q.options.length) out.push(`        most: ${q.most}`);
    out.push('        choices:', ...q.options.map((o) => `          - {code: ${o.code}, label: ${both(o.label)}}`));
  }
  if (q.type === 'text') out.push(`        max_length: ${q.max_length || 1000}`);
  if (satisfied.length && (q.type === 'scale' || q.type === 'choice')) out.push(`        satisfied: [${satisfied.join(', ')}]`);
  if (q.subject && q.subject !== q.code) out.push(`        subject: ${q.subject}`);
  return out;
}
export function toYaml(d: Definition): string {
  const out = [`survey: ${d.code}`, `name: ${both(d.name)}`];
  if (given(d.description)) out.push(`description: ${both(d.description)}`);
  if (given(d.audience)) out.push(`audience: ${both(d.audience)}`);
  out.push(`mode: ${d.mode}`);
  if (d.mode === 'public' && d.question) out.push('question: true');
  if (d.opens) out.push(`opens: ${d.opens}`);
  if (d.closes) out.push(`closes: ${d.closes}`);
  if (d.results.length) out.push(`results: [${d.results.map((r) => (r.includes(':') ? `"${r}"` : r)).join(', ')}]`);
  if (given(d.thanks)) out.push(`thanks: ${both(d.thanks)}`);
  out.push('sections:');
  for (const s of d.sections) {
    const head = [...(given(s.title) ? [`title: ${both(s.title)}`] : []), ...(given(s.note) ? [`note: ${both(s.note)}`] : []), 'questions:'];
    out.push(...head.map((line, i) => `  ${i === 0 ? '-' : ' '} ${line}`), ...s.questions.flatMap(question));
  }
  return out.join('\n') + '\n';
}
export const noWords = (): Words => ({ zh: '', en: '' });
export const newQuestion = (code: string): Question => ({
  code, title: noWords(), note: noWords(), type: 'scale', required: true, subject: code, least: 0, most: 0, max_length: 1000, options: points([], 5),
});
// A scale of so many points, those that were there kept; the upper ones count as satisfied.
export const points = (old: Option[], count: number): Option[] => Array.from({ length: count }, (_, i) => old[i] ?? { code: String(i + 1), label: noWords(), satisfied: i + 1 > count * 0.6 });
