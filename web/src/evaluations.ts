// Year end: how budgets and goals stand, and self-evaluations.
import { get, query } from './api';
import { t } from './i18n';

export interface MGoal { level: string; level_name: string; name: string; target: string; unit: string; indicator: string; state: string; period: string; value: string | null; value_unit: string; light: string }
export interface MLine { subject: string; name: string; budget: number; spent: number; light: string; rate: string; pace: string; goals: MGoal[] }
export interface MUnit { budget_id: string; department: string; department_name: string; year: number; version: number; month: number; whole: MLine; lines: MLine[] }
export interface EVersion { version: number; state: string; state_name: string; revision: number; reason: string; comment: string; changed: string; changed_by: string; drawn: string; budget_version: number }
export interface EHead { id: string; title: string; budget_id: string; department: string; department_name: string; year: number; project: string; project_name: string; versions: EVersion[]; score: string; complete: boolean; grade: string; grade_name: string }
export interface EFile { id: string; name: string; size: number; person_name: string; at: string }
export interface EItem { id: string; level: string; group: string; group_name: string; level_name: string; name: string; target: string; unit: string; direction: string; weight: string; indicator: string; drawn: string; rows: number; error: string; actual: string | null; score: string | null; hand: string; hand_reason: string; cause: string; remedy: string; files: EFile[] }
export interface EForm { initial: number; adjusted: number; spent: number; rate: string; execution_weight: string; execution_score: string; funds_cause: string; funds_remedy: string; expected: string; reached: string; items: EItem[] }
export interface EDetail extends EHead { version: EVersion; form: EForm; problems: { place: string; text: string }[]; may: Record<'edit' | 'decide' | 'revise', boolean> }
export interface Verdict { good: boolean; same: boolean; entry: number; at: string | null; person_name: string; object_name: string; sha256: string; expected: string; files: { path: string; state: string; expected: string; found: string }[] }

export const evaluation = (id: string, version = 0) => get<EDetail>(`/api/v1/evaluations/${id}` + query({ version: version || undefined }));
export const gradeTag = (grade: string) => ({ excellent: 'success', good: 'success', fair: 'warning', poor: 'danger' })[grade] as 'success' | undefined;
export const directions = (): [string, string][] => [['higher', t('越高越好', 'Higher is better')], ['lower', t('越低越好', 'Lower is better')], ['qualitative', t('定性', 'Qualitative')]];
export const goalTag = (g: MGoal) => (g.state !== 'value' ? 'info' : ({ green: 'success', on_track: 'primary', yellow: 'warning', red: 'danger' })[g.light] ?? 'info') as 'info';
export const goalText = (g: MGoal) => (g.state === 'value' ? `${g.value}${g.value_unit === '%' || !g.value_unit ? g.value_unit : ` ${g.value_unit}`}` : ({ none: t('无证据', 'No evidence'), failed: t('计算失败', 'Failed'), unbound: t('未绑定平台指标', 'Not bound'), unknown: t('没有这个平台指标', 'No such indicator') })[g.state] ?? g.state);
export const verdictName = (state: string) => ({ same: t('一致', 'Same'), changed: t('被改动', 'Changed'), missing: t('缺少', 'Missing'), unknown: t('审计中没有', 'Not in the audit') })[state] ?? state;
