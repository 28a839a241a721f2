// What the server tells of sharing requests and grants.
import { t } from './i18n';

export interface Mask { kind: string; first?: number; last?: number; algorithm?: string; to?: string; size?: string; length?: number; value?: string }
export interface Terms { fields: { id: string; mask: Mask }[]; row_filter: string; methods: string[]; addresses: string[]; purpose: string; from: string; until: string }
export interface SharingRequest {
  id: string; number: number; dataset: string; dataset_title: string; sharing_type: string; provider_name: string; person_name: string; department_name: string; basis: string; scenario: string; terms: Terms; state: string;
  approved_by: string; answer: string; answered_by: string; grant_id: string; started: string | null; answered: string | null; days_allowed: number; was_returned: boolean; extension: number; extended: boolean; days_taken: number | null; late: boolean;
  created: string; changed: string; deadline: string | null; days_left: number | null; deadline_sure: boolean; may: string[]; events?: { at: string; action: string; state: string; text: string; person_name: string }[];
}
export interface Grant extends Terms { id: string; number: number; dataset: string; dataset_title: string; provider_name: string; department_name: string; request_id: string; state: string; reason: string; created_by: string; created: string; changed: string }

export const requestStates = ['asking', 'reviewing', 'returned', 'granted', 'refused', 'declined', 'withdrawn'];
export const requestState = (s: string) =>
  ({ asking: t('待本部门审核', 'With own officer'), declined: t('本部门未同意', 'Declined'), reviewing: t('待提供部门审核', 'With the provider'), returned: t('待补正', 'To be completed'), granted: t('已授权', 'Granted'), refused: t('不予共享', 'Refused'), withdrawn: t('已撤回', 'Withdrawn') })[s] ?? s;
export const requestTag = (s: string): 'success' | 'warning' | 'info' | 'primary' | 'danger' => (s === 'granted' ? 'success' : s === 'refused' || s === 'declined' ? 'danger' : s === 'withdrawn' ? 'info' : s === 'returned' ? 'warning' : 'primary');
export const grantState = (s: string) => ({ active: t('有效', 'Active'), suspended: t('已暂停', 'Suspended'), terminated: t('已终止', 'Terminated') })[s] ?? s;
export const grantTag = (s: string): 'success' | 'warning' | 'info' => (s === 'active' ? 'success' : s === 'suspended' ? 'warning' : 'info');
export const methods = ['api', 'sql', 'file'];
export const methodName = (m: string) => ({ api: t('接口与页面', 'API and pages'), sql: t('SQL 查询', 'SQL'), file: t('文件下载', 'Files') })[m] ?? m;
export const stepName = (a: string) =>
  ({ submit: t('提出申请', 'Asked'), approve: t('本部门同意', 'Approved'), decline: t('本部门不同意', 'Declined'), withdraw: t('撤回', 'Withdrawn'), grant: t('同意共享', 'Granted'), refuse: t('不予共享', 'Refused'), return: t('退回补正', 'Returned'), complete: t('补正提交', 'Completed'), extend: t('申请延长', 'More days asked for'), consent: t('同意延长', 'More days consented to') })[a] ?? a;
export const maskName = (m: Mask) =>
  ({ none: t('原样', 'As it is'), partial: t(`留前 ${m.first ?? 0} 后 ${m.last ?? 0} 位`, `First ${m.first ?? 0}, last ${m.last ?? 0}`), hash: t('加密钥散列', 'Keyed hash'), date: m.to === 'year' ? t('概化到年', 'Year') : m.to === 'quarter' ? t('概化到季度', 'Quarter') : t('概化到月', 'Month'), band: t(`按 ${m.size} 分段`, `Bands of ${m.size}`), prefix: t(`只留前 ${m.length} 位`, `First ${m.length}`), constant: t('固定值', 'Constant') })[m.kind] ?? m.kind;
// The masks that fit a field of this type.
export const masksFor = (type: string): Mask[] => {
  const out: Mask[] = [{ kind: 'none' }];
  if (type === 'date' || type === 'datetime') out.push({ kind: 'date', to: 'month' }, { kind: 'date', to: 'quarter' }, { kind: 'date', to: 'year' });
  if (['integer', 'decimal', 'number'].includes(type)) out.push({ kind: 'band', size: '10' });
  if (type !== 'number') out.push({ kind: 'partial', first: 1, last: 0 }, { kind: 'partial', first: 3, last: 4 }, { kind: 'prefix', length: 6 }, { kind: 'hash', algorithm: 'hmac-sha256' });
  out.push({ kind: 'constant', value: '***' });
  return out;
};
export const clock = (r: SharingRequest) =>
  r.days_left === null
    ? r.days_taken === null ? '' : t(`用时 ${r.days_taken} 个工作日`, `took ${r.days_taken} working days`)
    : r.late ? t(`逾期 ${Math.max(1, -r.days_left)} 个工作日`, `${Math.max(1, -r.days_left)} working days late`) : r.days_left === 0 ? t('今天到期', 'due today') : t(`剩 ${r.days_left} 个工作日`, `${r.days_left} working days left`);
