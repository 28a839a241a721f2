import type { StepPlan, StepReport } from './steps';
// What the API says of pipelines and runs, and their words.
export interface Drift { kind: 'added' | 'missing' | 'renamed' | 'retyped'; column: string; was: string; item: string; type: string; before: string; needed: boolean; why: string; partly: boolean }
export interface Run {
  id: string; pipeline: string; title: string; trigger: string; state: string; job_id: string; person_name: string; source: string; dataset: string; due: string | null; created: string; started: string | null; ended: string | null;
  read: number; added: number; changed: number; deleted: number; unchanged: number; rejected: number; bytes: number; version: number | null; position_before: string; position_after: string; files: { name: string; size: number }[]; drifts: Drift[];
  decisions: Record<string, string>; warnings: string[]; loss: { before: number; after: number; accepted: boolean } | null; error: { id: string; text: string; subject: string } | null; job?: import('./api').Job | null; log?: { at: string; level: string; text: string }[];
}
export interface Mapped { column: string; name: string; type: string; width: number; scale: number; unit: string; skip: boolean; key: boolean; fixed: string | null; seen: string; may_miss: boolean; also: string[] }
export interface When { cron: string; zone: string; days: string }
export interface Definition {
  code: string; title: string; department_id: string; source: string; selection: Record<string, string>; dataset: string; entry: Record<string, unknown>; mode: string; delete_missing: boolean; watermark: { column: string; kind: string; overlap: number };
  fields: Mapped[]; file: Record<string, unknown>; steps: StepPlan; schedules: When[]; after: string[]; on_datasets: string[]; on_arrival: boolean; drift: string; enabled: boolean; attempts: number; retry_pause: number;
}
export interface Pipeline extends Definition { id: string; owner_name: string; position: string; next_due: string | null; created: string; changed: string; when: string[]; last_run: Run | null; ended: number; succeeded: number }
export interface Trial { columns: { name: string; type: string }[]; fields: Mapped[]; items: { id: string; name: string; type: string }[]; drifts: Drift[]; rows: (string | null)[][]; read: number; misfit: number; misfits: { line: number; column: string; value: string; reason: string }[]; files: { name: string; size: number }[]; steps: StepReport | null }

export const modes: Record<string, [string, string]> = { full: ['全量替换', 'Full'], append: ['追加', 'Append'], upsert: ['按主键更新', 'Upsert by key'], incremental: ['增量', 'Incremental'] };
export const triggers: Record<string, [string, string]> = { manual: ['手动', 'Manual'], schedule: ['计划', 'Schedule'], after: ['前序任务', 'After another'], arrival: ['文件到达', 'Arrival'], dataset: ['数据集更新', 'Dataset'] };
export const driftModes: Record<string, [string, string]> = { ask: ['停下来询问', 'Stop and ask'], add: ['自动增加新列', 'Add new columns'], text: ['变化的列按文本保存', 'Keep as text'] };
export const kinds: Record<string, [string, string]> = { added: ['新增', 'New'], missing: ['缺少', 'Missing'], renamed: ['改名', 'Renamed'], retyped: ['改变类型', 'Retyped'] };
// What can be decided about each kind; the first is what most would choose.
export const verdicts: Record<string, [string, string, string][]> = {
  added: [['add', '增加为信息项', 'Add as an item'], ['skip', '不采用', 'Leave out']],
  renamed: [['rename', '就是原来的列', 'It is the old column'], ['add', '是新列，原列留空', 'It is new; the old stays empty'], ['skip', '不采用，原列留空', 'Leave out; the old stays empty']],
  missing: [['empty', '信息项保留，值留空', 'Keep the item, without values']],
  retyped: [['retype', '信息项改为新类型', 'Give the item the new type'], ['text', '信息项改为文本', 'Keep as text'], ['reject', '类型不变，不合格的行剔除', 'Keep the type; reject rows that do not fit']],
};

// A watermark as people write it: a number, a day, or a time without what is zero.
export const positionText = (position: string) => position.replace(/^(\d{4}-\d\d-\d\d)T/, '$1 ').replace(/\.0+$/, '');
import { number, word } from './format';
import { t } from './i18n';
export const days: Record<string, [string, string]> = { every: ['所有日子', 'Every day'], working: ['只在工作日', 'Working days only'], first_working: ['每月第一个工作日', 'First working day'] };
// A part of a definition in words, a line each of what it lists.
export function partLines(member: string, value: unknown): string {
  const d = { [member]: value } as unknown as Definition;
  const yes = (on: boolean) => (on ? t('是', 'Yes') : t('否', 'No'));
  switch (member) {
    case 'selection': return d.selection.query ?? d.selection.pattern ?? [d.selection.schema, d.selection.table].filter(Boolean).join('.');
    case 'mode': return t(...modes[d.mode]);
    case 'drift': return t(...driftModes[d.drift]);
    case 'watermark': return d.watermark.column && t(`${d.watermark.column}，重叠 ${number(d.watermark.overlap)}`, `${d.watermark.column}, overlap ${number(d.watermark.overlap)}`);
    case 'fields': return d.fields.map((m) => (m.skip ? t(`${m.column}：不采用`, `${m.column}: left out`) : `${m.column || t(`固定值“${m.fixed}”`, `fixed value “${m.fixed}”`)} → ${m.name} · ${word(m.type)}${m.key ? ` · ${t('主键', 'key')}` : ''}`)).join('\n');
    case 'steps': return [...d.steps.parameters.map((p) => `${p.name} = ${p.default ?? ''}`), ...d.steps.steps.map((s) => `${s.title || s.name}: ${s.sql}`)].join('\n');
    case 'schedules': return d.schedules.map((w) => `${w.cron} · ${t(...days[w.days])}`).join('\n');
    case 'after': return d.after.join('\n');
    case 'on_datasets': return d.on_datasets.join('\n');
    case 'delete_missing': return yes(d.delete_missing);
    case 'on_arrival': return yes(d.on_arrival);
    case 'enabled': return yes(d.enabled);
    case 'file': return String(d.file.table ?? '');
    default: return value === null || value === undefined ? '' : String(value);
  }
}
export const summaryOf = (r: Run) => t(`新增 ${number(r.added)}，变化 ${number(r.changed)}，删除 ${number(r.deleted)}，未变 ${number(r.unchanged)}，剔除 ${number(r.rejected)}`, `${number(r.added)} new, ${number(r.changed)} changed, ${number(r.deleted)} deleted, ${number(r.unchanged)} same, ${number(r.rejected)} rejected`);
