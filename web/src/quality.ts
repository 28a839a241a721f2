// What the server tells of quality and corrections.
import { query, upload } from './api';
import { t } from './i18n';

export interface Scores { total: number | null; completeness: number | null; validity: number | null; uniqueness: number | null; consistency: number | null; timeliness: number | null }
export interface Rule { id: string; kind: string; kind_title: string; dimension: string; severity: string; fields: string[]; params: Record<string, unknown>; note: string; text: string; enabled: boolean; person_name: string; changed: string }
export interface Outcome extends Rule { checked: number; failed: number; rejected: number; breached: boolean; found: string; examples: { id: number; key: string; field: string; value: string }[] }
export interface Check { id: string; version: number; trigger: string; stopped: boolean; rows: number; scores: Scores; has_failures: boolean; may_see_failures: boolean; waived_by: string; waiver: string; person_name: string; at: string; outcomes: Outcome[] }
export interface QualityAnswer { check: Check | null; stopped: Check | null; rules: Rule[]; history: Check[]; weights: Record<string, number>; may_write: boolean; may_see_failures: boolean }
export interface Proposal { rule: Rule; reason: string; checked: number; failed: number; share: number }
export interface Failing { id: number; key: string; field: string; value: string; reason: string; raw: string; rule: string }
export type FilePart = 'report' | 'answer';
export interface CorrectionFile { id: string; part: FilePart; name: string; size: number; person_name: string; at: string; may_remove: boolean }
export interface Correction {
  id: string; number: number; dataset: string; dataset_title: string; provider_name: string; version: number; row: string; field: string; field_name: string; wrong: string; proposed: string; material: string; state: string; person_name: string; origin: string; contact: string; reported: string;
  answered: string | null; outcome: string; answer: string; answered_by: string; days_allowed: number; days_taken: number | null; late: boolean; may_answer: boolean; may_confirm: boolean; deadline: string | null; days_left: number | null; deadline_sure: boolean;
  may_attach: FilePart[]; files?: CorrectionFile[];
  events?: { at: string; action: string; state: string; text: string; person_name: string }[];
}

export const attach = (ticket: string, part: FilePart, file: File, progress: (share: number) => void) => upload<CorrectionFile>(`/api/v1/corrections/${ticket}/files` + query({ name: file.name, part }), file, progress).done;

export const dimensions = ['completeness', 'validity', 'uniqueness', 'consistency', 'timeliness'] as const;
export const dimensionName = (d: string) =>
  ({ completeness: t('完整性', 'Completeness'), validity: t('规范性', 'Validity'), uniqueness: t('唯一性', 'Uniqueness'), consistency: t('一致性', 'Consistency'), timeliness: t('及时性', 'Timeliness') })[d] ?? d;
export const severityName = (s: string) => ({ reject: t('剔除该行', 'Reject the row'), stop: t('停止发布', 'Stop publication'), warn: t('仅提示', 'Warn') })[s] ?? s;
export const severityTag = (s: string): 'danger' | 'warning' | 'info' => (s === 'reject' ? 'danger' : s === 'stop' ? 'warning' : 'info');
export const triggerName = (s: string) => ({ publish: t('发布时', 'On publication'), manual: t('立即检查', 'On demand'), daily: t('每日检查', 'Daily') })[s] ?? s;
export const score = (n: number | null | undefined) => (n === null || n === undefined ? '—' : n.toFixed(1));
export const scoreClass = (n: number | null | undefined) => (n === null || n === undefined ? 'muted' : n < 60 ? 'bad' : n < 90 ? 'late' : '');
export const correctionState = (s: string) =>
  ({ pending: t('待核实', 'To be verified'), working: t('处理中', 'In progress'), corrected: t('已更正', 'Corrected'), refused: t('不予更正', 'Refused'), closed: t('申请人已确认', 'Confirmed') })[s] ?? s;
export const correctionTag = (s: string): 'success' | 'warning' | 'info' | 'primary' | 'danger' => (s === 'corrected' || s === 'closed' ? 'success' : s === 'working' ? 'primary' : s === 'pending' ? 'warning' : 'info');
export const clock = (c: Correction) =>
  c.days_left === null
    ? c.days_taken === null ? '' : t(`用时 ${c.days_taken} 个工作日`, `took ${c.days_taken} working days`)
    : c.late ? t(`逾期 ${Math.max(1, -c.days_left)} 个工作日`, `${Math.max(1, -c.days_left)} working days late`) : c.days_left === 0 ? t('今天到期', 'due today') : t(`剩 ${c.days_left} 个工作日`, `${c.days_left} working days left`);
