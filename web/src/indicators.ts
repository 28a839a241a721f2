import { ref } from 'vue';
import { get, query } from './api';
import type { Mistake } from './definitions';
import { t } from './i18n';

export interface IValue {
  period: string; first_day: string; state: string; value: string | null; number: number | null; score: string | null; light: string; light_name: string; target: string; weight: string; rows: number; version: number; final: boolean; computed: string; error: string;
}
export interface Indicator {
  code: string; name: string; description: string; group: string; level: string; level_name: string; unit: string; direction: string; target: string; target_number: number; weight: string; period: string; grows: boolean; retired: boolean; rows_sql: string; value_sql: string; version: number; origin: string; changed: string; changed_by: string; owner_id: string; owner_name: string; department_name: string; values: IValue[];
}
export interface Evidence { period: string; rows_sql: string; value_sql: string; columns: string[]; labels: string[]; rows: { register: string; record: string; cells: (string | null)[] }[]; total: number; kept: number; hidden: number; computed: string }
export interface Trial { code: string; name: string; version: number; unchanged: boolean; mistakes: Mistake[]; value: IValue | null; columns: string[] }

// Their names by code, once a page has asked for them.
export const indicatorNames = ref<Record<string, string>>({});
export const indicator = (code: string) => get<Indicator>(`/api/v1/indicators/${code}`);
export const evidenceOf = (code: string, period: string) => get<Evidence>(`/api/v1/indicators/${code}/evidence` + query({ period }));

export const latest = (i: Indicator) => i.values.at(-1);
export const tag = (v: IValue | undefined): 'success' | 'primary' | 'warning' | 'danger' | 'info' => (!v ? 'info' : v.state === 'failed' ? 'danger' : v.light === 'green' ? 'success' : v.light === 'on_track' ? 'primary' : v.light === 'yellow' ? 'warning' : v.light === 'red' ? 'danger' : 'info');
export const figure = (v: IValue | undefined, unit: string) => (!v ? t('尚未计算', 'Not computed yet') : v.state === 'failed' ? t('计算失败', 'Failed') : v.value === null ? t('无证据', 'No evidence') : withUnit(v.value, unit));
// Numbers are grouped as everywhere; what is no number is said as it is.
const grouped = (value: string) => value.replace(/^(-?\d{4,})(?=\.|$)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','));
export const withUnit = (value: string, unit: string) => (unit === '%' ? `${grouped(value)}%` : `${grouped(value)} ${unit}`);
export const targetText = (i: Indicator) => (i.direction === 'qualitative' ? t('达成', 'Reached') : (i.direction === 'lower' ? '≤ ' : '≥ ') + withUnit(i.target, i.unit));
export const directionName = (d: string) => ({ higher: t('越高越好', 'Higher is better'), lower: t('越低越好', 'Lower is better'), qualitative: t('定性', 'Qualitative') })[d] ?? d;
export const periodKind = (p: string) => ({ month: t('每月', 'Monthly'), quarter: t('每季', 'Quarterly'), half: t('每半年', 'Half-yearly'), year: t('每年', 'Yearly') })[p] ?? p;
// 2026-11, 2026-Q4, 2026-H2, 2026 as people say them.
export function periodName(p: string): string {
  const year = p.slice(0, 4), rest = p.slice(5);
  if (!rest) return t(`${year} 年`, year);
  if (rest[0] === 'Q') return t(`${year} 年第${'一二三四'[Number(rest[1]) - 1]}季度`, p);
  if (rest[0] === 'H') return t(`${year} 年${rest[1] === '1' ? '上' : '下'}半年`, p);
  return t(`${year} 年 ${Number(rest)} 月`, p);
}
