// What the server tells of registers, their definitions and records.
import { call, get, query } from './api';
import { localMinute, readable } from './dates';
import { time } from './format';
import { t } from './i18n';

export interface Choice { code: string; label: string; retired: boolean }
export interface RField { name: string; label: string; help: string; type: string; required: boolean; unique: boolean; unit: string; decimals: number; money: boolean; max_length: number; target: string; formula: string; initial: string; level: string; choices: Choice[] }
export interface RState { name: string; label: string; final: boolean; locked: boolean; deadline: number }
export interface Transition { name: string; label: string; from: string[]; to: string; require: string[]; comment: boolean; danger: boolean }
export interface RView { name: string; label: string; columns: string[]; sort: string; descending: boolean }
export interface Register {
  code: string; name: string; description: string; group: string; number: string; title: string; fields: RField[]; states: RState[]; transitions: Transition[]; views: RView[]; form: { label: string; fields: string[] }[]; print: { name: string; label: string }[]; system: { name: string; label: string }[];
  version: number; origin: string; changed: string; changed_by: string; may_create: boolean; may_manage: boolean;
}
export interface Summary { code: string; name: string; description: string; group: string; version: number; origin: string; records: number; open: number; late: number; may_create: boolean }
export type Value = string | number | null | { id?: string; name?: string; address?: string; lon?: number | null; lat?: number | null };
export interface RRecord {
  id: string; number: string; title: string; state: string; revision: number; department_id: string; department_name: string; created_by: string; created_by_name: string; changed_by_name: string; created: string; changed: string; since: string; due: string | null; late: boolean; values: Record<string, Value>;
  may?: { edit: boolean; remove: boolean; comment: boolean; transitions: string[] };
}
export interface Change { id: string; revision: number; at: string; person_name: string; action: string; transition: string; from_state: string; to_state: string; comment: string; differences: { field: string; before: Value; after: Value }[] }
export interface RTask { register: string; register_name: string; id: string; number: string; title: string; state: string; reason: string; transitions: { name: string; label: string }[]; field: string; day: string; due: string | null; since: string }
export interface DayEvent { register: string; register_name: string; id: string; number: string; title: string; state: string; kind: string; label: string; day: string; time: string; final: boolean; late: boolean }
export interface Plan { code: string; name: string; version: number; unchanged: boolean; blocked: boolean; steps: { kind: string; field: string; text: string; records: number; blocked: boolean }[] }

const base = '/api/v1/registers';
export const register = (code: string) => get<Register>(`${base}/${code}`);
export const records = (code: string, params: Record<string, string | number | undefined>) => get<{ records: RRecord[]; next: string; total: number | null }>(`${base}/${code}/records` + query(params));
export const path = (code: string, id: string) => `${base}/${code}/records/${id}`;
// What is changed names the revision that was seen.
export const change = (method: string, where: string, revision: number, body?: unknown) => call<RRecord>(method, where, body, undefined, { 'If-Match': `"${revision}"` });

export const stateOf = (r: Register, name: string) => r.states.find((s) => s.name === name);
export const stateName = (r: Register, name: string) => stateOf(r, name)?.label ?? name;
export const stateTag = (r: Register, record: { state: string; late?: boolean }): 'success' | 'warning' | 'info' | 'primary' | 'danger' => (record.late ? 'danger' : stateOf(r, record.state)?.final ? 'success' : r.states[0]?.name === record.state ? 'info' : 'primary');
export const isNumber = (f: RField) => ['number', 'money', 'computed', 'attachment'].includes(f.type);

// "1234567.50" as people read it.
function grouped(text: string): string {
  const [whole, rest] = text.split('.');
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',') + (rest ? `.${rest}` : '');
}
export function shown(f: RField, value: Value | undefined): string {
  if (value === null || value === undefined || value === '') return '';
  if (f.type === 'choice') return f.choices.find((c) => c.code === value)?.label ?? String(value);
  if (f.type === 'datetime') return unread(f, value) ? String(value) : time(String(value));
  if (f.type === 'attachment') return Number(value) ? String(value) : '';
  if (isNumber(f)) return grouped(String(value));
  if (typeof value === 'object') return f.type === 'location' ? value.address || (value.lon !== null ? `${value.lon}, ${value.lat}` : '') : value.name ?? '';
  return String(value);
}
// A date that is none is not sent; the field itself says what is wrong with it.
export const unread = (f: RField, value: Value | undefined) => typeof value === 'string' && ((f.type === 'date' && !readable(value)) || (f.type === 'datetime' && !readable(localMinute(value), true)));
export const unreadText = (fields: RField[]) => t(`没有保存：“${fields.map((f) => f.label).join('”“')}”读不出是哪一天，请改正。`, `Nothing was saved: ${fields.map((f) => f.label).join(', ')} cannot be read as a date.`);
export const withUnit = (f: RField) => (f.unit ? t(`${f.label}（${f.unit}）`, `${f.label} (${f.unit})`) : f.label);
// A clock ends with its last day; the minute before says which day that is.
export const dueText = (iso: string | null) => (iso ? time(new Date(new Date(iso).getTime() - 1000).toISOString()) : '');
// A column of a list: a field, or one of those that every record has.
export function cell(r: Register, record: RRecord, column: string): string {
  const f = r.fields.find((x) => x.name === column);
  if (f) return shown(f, record.values[column]);
  if (column === 'number') return record.number;
  if (column === 'state') return stateName(r, record.state);
  if (column === 'department') return record.department_name;
  if (column === 'creator') return record.created_by_name;
  if (column === 'created' || column === 'changed' || column === 'since') return time(record[column]);
  if (column === 'due') return dueText(record.due);
  return '';
}
export const columnName = (r: Register, column: string) => {
  const f = r.fields.find((x) => x.name === column);
  return f ? withUnit(f) : r.system.find((s) => s.name === column)?.label ?? column;
};
export const actionName = (r: Register, c: Change) =>
  c.action === 'move'
    ? r.transitions.find((x) => x.name === c.transition)?.label ?? c.transition
    : ({ create: t('新建', 'Made'), edit: t('修改', 'Edited'), comment: t('意见', 'Comment'), attach: t('上传附件', 'File attached'), detach: t('删除附件', 'File removed'), remove: t('删除', 'Removed'), import: t('导入', 'Imported') })[c.action] ?? c.action;
export const kindName = (k: string) =>
  ({ text: t('文本', 'Text'), long_text: t('长文本', 'Long text'), number: t('数值', 'Number'), money: t('金额', 'Money'), date: t('日期', 'Date'), datetime: t('日期时间', 'Date and time'), choice: t('选项', 'Choice'), person: t('人员', 'Person'), department: t('部门', 'Department'), reference: t('引用记录', 'Reference'), dataset: t('数据集', 'Dataset'), attachment: t('附件', 'Attachment'), location: t('地点', 'Location'), computed: t('计算', 'Computed') })[k] ?? k;
